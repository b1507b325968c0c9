"""Circuits as a family of results."""

from collections.abc import Mapping

from filter_atlas.base.architecture import Architecture
from filter_atlas.base.paths import ROOT
from filter_atlas.networks import arithmetic
from filter_atlas.settings.applications import USUAL_SIZE
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family

NAME = "circuits"

FOLDER = f"{ROOT}/circuits"
FILTERS = f"{FOLDER}/filters.csv"
SUMMARY = f"{FOLDER}/summary.md"

EXEMPLARS = 9
"""Number of photographs that each filter is looked at on; see docs/evidence.md."""

PHOTOGRAPHS = 230
"""Number of photographs that are enough: more are looked at only for filters that need them."""

DEPTH = 3
"""Maximum number of convolutions that a kernel is expanded over."""


def path(layer: str, kind: str) -> str:
    """A file about the circuits of a layer; `kind` is `json` or `csv`."""
    return f"{FOLDER}/{layer}.{kind}"


def _results(config: Config) -> list[str]:
    if not config.circuits:
        return []
    by_layer = [path(layer, kind) for layer in config.filters for kind in ("json", "csv")]
    return [*by_layer, FILTERS, SUMMARY]


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    expanded = sum(
        arithmetic.expansion(arithmetic.vgg16_layer(architecture, layer), len(filters), DEPTH)
        for layer, filters in config.filters.items()
    )
    if config.photos is None:
        return expanded
    exemplars = EXEMPLARS * sum(map(len, config.filters.values()))
    photographs = min(exemplars, PHOTOGRAPHS)
    return expanded + photographs * arithmetic.observation(config.photos.size or USUAL_SIZE)


def _site_metadata(config: Config) -> Facts:
    return {"wired": bool(config.circuits)}


CIRCUITS = Family(NAME, _results, site_metadata=_site_metadata, arithmetic={"wire": _arithmetic})
