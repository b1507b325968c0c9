"""What the atlas is told about a run, beside the files that the run has made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from filter_atlas.recipe import Recipe


@dataclass(frozen=True)
class RunFacts:
    """How the pictures of a run came about, and how the site is to be.

    Attributes:
        recipe_name: name of the recipe in `config.yaml`.
        recipe: the recipe itself.
        seed: the run's seed.
        weights_digest: sha256 of the canonical weights.
        weights_source: where the weights came from, in words.
        weights_credit: whom to credit for the weights, and under which licence.
        imagenet: whether they are the network's published ImageNet weights.
        versions: versions of the software that took part, by name.
        variants: variants of every filter's picture.
        dreams: names of dreams, and what each one excites.
        classes: indices of the classes that have a picture.
        filter_pages: whether every filter has a page of its own.
        url: where the site will be found, without a slash at the end; empty where nobody knows.
        network: what people call the network.
        random: whether its weights are random numbers.
        settings: what `--config` must say, beside recipe and seed, to draw these filters.
        precision: what the ascents were computed in.
    """

    recipe_name: str
    recipe: Recipe
    seed: int
    weights_digest: str
    weights_source: str
    weights_credit: str
    imagenet: bool
    versions: Mapping[str, str]
    variants: Sequence[str] = ()
    dreams: Mapping[str, str] = field(default_factory=dict)
    classes: Sequence[int] = ()
    filter_pages: bool = True
    url: str = ""
    network: str = "VGG16"
    random: bool = False
    settings: str = ""
    precision: str = "float32"

    @property
    def elsewhere(self) -> str:
        """Where layers have the other one of their two names."""
        return "paper" if self.network == "VGG16" else "model"
