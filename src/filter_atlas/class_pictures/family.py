"""Class pictures as a family of results."""

from collections.abc import Mapping

from filter_atlas.base.architecture import VGG16, Architecture
from filter_atlas.base.paths import ROOT
from filter_atlas.class_pictures import sources
from filter_atlas.networks import arithmetic
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family

FOLDER = f"{ROOT}/classes"
SUMMARY = f"{FOLDER}/summary.md"


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
    return {"classifier": sources.fingerprint(config.classes.network)}


def _site_metadata(config: Config) -> Facts:
    return {"indices": list(indices(config))}


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    deepest = VGG16.layers[-1].name
    return len(indices(config)) * arithmetic.ascent(deepest, config.class_recipe())


CLASSES = Family("classes", _results, _preflight, _site_metadata, {"classes": _arithmetic})
