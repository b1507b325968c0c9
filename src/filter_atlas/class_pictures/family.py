"""Class pictures as a family of results."""

from collections.abc import Mapping

from filter_atlas.base import class_names
from filter_atlas.base.architecture import VGG16, Architecture
from filter_atlas.base.paths import ROOT
from filter_atlas.class_pictures import sources
from filter_atlas.networks import arithmetic
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS

FOLDER = f"{ROOT}/classes"
SUMMARY = f"{FOLDER}/summary.md"

_PACKAGED_TIME = 0.1
"""Time of an ascent of a packaged network, relative to VGG16's at the same size (measured)."""


def picture(index: int | str) -> str:
    """The picture of one class of a classifier."""
    return f"{FOLDER}/{index}.png"


def record(index: int | str) -> str:
    """The record of a class's picture, with the classifier's evaluation of it."""
    return f"{FOLDER}/{index}.json"


def indices(config: Config) -> tuple[int, ...]:
    """The classes that have a picture.

    Raises:
        ClassifierError: the classifier has no such class, or the names of its classes are unknown.
    """
    return config.classes.indices if config.classes else ()


def _results(config: Config) -> list[str]:
    if not config.classes:
        return []
    drawn = indices(config)
    return [*map(picture, drawn), *map(record, drawn), SUMMARY]


def _preflight(config: Config) -> Facts:
    """Check the file of the classifier and the classes in the settings.

    Raises:
        ClassifierError: the file is missing or is not a classifier, or it has no such class.
    """
    if not config.classes:
        return {"classifier": ""}
    sources.check(config.classes.network)
    indices(config)
    _ = config.classes.second
    return {"classifier": sources.fingerprint(config.classes.network)}


def _site_metadata(config: Config) -> Facts:
    classes = config.classes
    has_second = classes and classes.known_names == class_names.imagenet()
    return {
        "indices": list(indices(config)),
        "second_network": classes.second if classes and has_second else None,
    }


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    deepest = VGG16.layers[-1].name
    is_packaged = config.classes and config.classes.network in PACKAGED_NETWORKS
    relative_time = _PACKAGED_TIME if is_packaged else 1
    return relative_time * len(indices(config)) * arithmetic.ascent(deepest, config.class_recipe())


CLASSES = Family("classes", _results, _preflight, _site_metadata, {"classes": _arithmetic})
