"""What the atlas is told about a run, beside the files that the run has made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LayerSection:
    """One layer of the network and those of its filters that the run has drawn.

    Attributes:
        name: Keras name, such as `block5_conv1`; names files, too.
        paper_name: the name in the VGG paper, such as `conv5_1`.
        total_filters: how many filters the layer has, drawn or not.
        filters: indices of the drawn filters, in the order of the page.
    """

    name: str
    paper_name: str
    total_filters: int
    filters: tuple[int, ...]


@dataclass(frozen=True)
class Phase:
    """A stretch of the ascent at one picture size.

    Attributes:
        size: side of the picture, in pixels.
        steps: steps of gradient ascent.
        rate: length of a step, in grey levels.
    """

    size: int
    steps: int
    rate: float


@dataclass(frozen=True)
class RunFacts:
    """How the pictures of a run came about.

    Attributes:
        recipe_name: name of the recipe in `config.yaml`.
        recipe: the whole recipe, as in `config.yaml`.
        phases: the recipe's phases, in order.
        seed: the run's seed.
        weights_digest: sha256 of the canonical weights.
        weights_source: where the weights came from, in words.
        weights_credit: whom to credit for the weights, and under which licence.
        imagenet: whether they are VGG16's published ImageNet weights.
        versions: versions of the software that took part, by name.
    """

    recipe_name: str
    recipe: Mapping[str, Any]
    phases: tuple[Phase, ...]
    seed: int
    weights_digest: str
    weights_source: str
    weights_credit: str
    imagenet: bool
    versions: Mapping[str, str]
