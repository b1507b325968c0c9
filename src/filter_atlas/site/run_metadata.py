"""The metadata of a run that the atlas shows, in addition to the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from filter_atlas.settings.family import Facts
from filter_atlas.settings.recipe import Recipe


@dataclass(frozen=True)
class RunMetadata:
    """How the pictures of a run were made, and which pages the site has.

    Attributes:
        recipe_name: name of the recipe in `config.yaml`.
        recipe: the recipe itself.
        seed: the run's seed.
        weights_digest: sha256 of the canonical weights.
        weights_source: where the weights came from, in words.
        weights_credit: who made the weights, and their licence.
        imagenet: whether they are the network's published ImageNet weights.
        versions: versions of the software that was used, by name.
        variants: names of the variants of every filter's picture.
        families: the data that each family gives to its section of the site, by the family's name.
        filter_pages: whether every filter has a page of its own.
        photographs: whether pages may show photographs, and not only numbers about them.
        url: address that the site will have, without a slash at the end; empty if it is unknown.
        network: the network's common name.
        random: whether its weights are random numbers.
        settings: the settings for `--config` that draw these filters, without recipe and seed.
        precision: number format of the ascents.
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
    families: Mapping[str, Facts] = field(default_factory=dict)
    filter_pages: bool = True
    photographs: bool = True
    url: str = ""
    network: str = "VGG16"
    random: bool = False
    settings: str = ""
    precision: str = "float32"

    @property
    def paper_name_source(self) -> str:
        """The source of the layers' second names: the VGG `paper`, or the `model`."""
        return "paper" if self.network == "VGG16" else "model"
