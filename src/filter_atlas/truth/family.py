"""Truth as a family of results."""

from collections.abc import Mapping

from filter_atlas.base.architecture import Architecture
from filter_atlas.base.paths import ROOT
from filter_atlas.networks import arithmetic
from filter_atlas.networks.receptive_field import vgg16_receptive_fields
from filter_atlas.settings.applications import USUAL_SIZE
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.truth.patches import observed_side, windows
from filter_atlas.truth.questions import EXEMPLARS, FEWEST_FILTERS, POSITIVES, SMALLEST_PATCH

NAME = "truth"

FOLDER = f"{ROOT}/truth"
FILTERS = f"{FOLDER}/filters.csv"
SUMMARY = f"{FOLDER}/summary.md"

NONE = "none"

OPERATIONS = {"efficientnet_lite0": 0.78e9, "efficientnet_lite1": 1.0e9}
"""Floating-point operations of observers on a picture of 224 pixels."""

OTHER_PATCHES = 1
"""Patches of a filter that only halves of the photographs, or only an observer with random weights,
need: as measured, rounded up."""


def path(layer: str) -> str:
    """What the observer says about the filters of a layer."""
    return f"{FOLDER}/{layer}.json"


def observer(config: Config) -> str | None:
    """The name of the observer; None if there is none, or if there are no photographs.

    Where the settings name none, it is the first one that is not the network that is drawn.
    """
    if config.photos is None or config.truth.observer == NONE:
        return None
    others = (name for name in OPERATIONS if name != config.network)
    return config.truth.observer or next(others)


def dependence(name: str, source: NetworkSource) -> str | None:
    """Why an observer cannot judge the pictures of a network; None if it can.

    Args:
        name: name of the observer.
        source: the network that is drawn.
    """
    if source.kind == "package" and source.name == name:
        return "the observer is the network that is drawn, so it is no independent judge"
    return None


def _results(config: Config) -> list[str]:
    if observer(config) is None:
        return []
    return [*map(path, config.filters), FILTERS, SUMMARY]


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    layer = arithmetic.vgg16_layer(architecture, wildcards["layer"])
    seen = vgg16_receptive_fields(USUAL_SIZE)[layer].side
    filters = len(config.filters[wildcards["layer"]])
    judge = observer(config)
    if judge is None or filters < FEWEST_FILTERS or seen < SMALLEST_PATCH:
        return 0
    recipe = config.chosen_recipe()
    parts = recipe.pictures * len(windows(recipe.size, seen))
    patches = POSITIVES + EXEMPLARS + parts + OTHER_PATCHES
    return filters * patches * OPERATIONS[judge] * (observed_side(seen) / 224) ** 2


def _site_metadata(config: Config) -> Facts:
    return {"observer": observer(config)}


TRUTH = Family(
    NAME,
    _results,
    site_metadata=_site_metadata,
    arithmetic={"observe_pictures": _arithmetic},
)
