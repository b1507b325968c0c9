"""Twins as a family of results."""

from collections.abc import Mapping

from filter_atlas.base.architecture import Architecture
from filter_atlas.base.paths import ROOT
from filter_atlas.networks import arithmetic
from filter_atlas.networks.arithmetic import vgg16_layer
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family

FOLDER = f"{ROOT}/twins"
SUMMARY = f"{FOLDER}/summary.md"
FIGURE = f"{FOLDER}/twins.svg"


def path(layer: str, kind: str) -> str:
    """A file of a layer's twins: its pairs (`csv`), its matrix (`npz`), its summary (`json`)."""
    return f"{FOLDER}/{layer}.{kind}"


def _results(config: Config) -> list[str]:
    by_layer = [path(layer, kind) for layer in config.filters for kind in ("csv", "npz", "json")]
    return [*by_layer, SUMMARY, FIGURE]


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    size, step = config.chosen_recipe().size, config.twins.rotation_step
    return sum(
        len(filters) * arithmetic.twins(vgg16_layer(architecture, layer), size, step, len(filters))
        for layer, filters in config.filters.items()
    )


TWINS = Family("twins", _results, arithmetic={"twins": _arithmetic})
