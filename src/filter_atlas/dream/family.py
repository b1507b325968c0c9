"""Dreams as a family of results."""

from collections.abc import Mapping
from pathlib import Path

from filter_atlas.base.architecture import Architecture
from filter_atlas.base.errors import ConfigError, PhotoError
from filter_atlas.base.paths import ROOT
from filter_atlas.dream import zoom
from filter_atlas.networks import arithmetic
from filter_atlas.readers.photograph import read_photograph
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family

FOLDER = f"{ROOT}/dreams"


def path(name: str, kind: str) -> str:
    """A file of a dream: its picture (`png`), its record (`json`), its zoom (`webp` or `gif`)."""
    return f"{FOLDER}/{name}.{kind}"


def without_zoom(config: Config) -> list[str]:
    """Names of the dreams without an animation."""
    return [name for name, dream in config.dreams.items() if not dream.zoom]


def with_zoom(config: Config, kind: str) -> list[str]:
    """Names of the dreams with an animation of one kind, `webp` or `gif`."""
    return [
        name for name, dream in config.dreams.items() if dream.zoom and dream.zoom.format == kind
    ]


def _results(config: Config) -> list[str]:
    return [
        path(name, kind)
        for name, dream in config.dreams.items()
        for kind in ("png", "json", *([dream.zoom.format] if dream.zoom else []))
    ]


def _preflight(config: Config) -> Facts:
    """Check every photograph once, and the size of every animation.

    Raises:
        PhotoError: a photograph is missing, damaged or too small.
        ConfigError: an animation is too large.
    """
    shapes: dict[tuple[str, int], tuple[int, ...]] = {}
    for name, dream in config.dreams.items():
        for key, photo in zip(("photo", "guide"), dream.photographs, strict=False):
            if photo not in shapes:
                shapes[photo] = _shape(f"dreams.{name}.{key}", *photo)
        if dream.zoom:
            try:
                zoom.check(dream.zoom, shapes[dream.photographs[0]])
            except ConfigError as error:
                raise ConfigError(f"config: dreams.{name}.{error}") from None
    return {}


def _shape(setting: str, path: str, longest_side: int) -> tuple[int, ...]:
    try:
        # The log is dropped here: the dream's own job logs what it changes in the photograph.
        return read_photograph(Path(path), longest_side, log=lambda line: None).pixels.shape
    except PhotoError as error:
        raise PhotoError(f"config: {setting}: {error}") from None


def _site_metadata(config: Config) -> Facts:
    return {name: dream.excited for name, dream in config.dreams.items()}


def _arithmetic(config: Config, architecture: Architecture, wildcards: Mapping[str, str]) -> float:
    settings = config.dreams[wildcards["dream"]]
    layers = [arithmetic.vgg16_layer(architecture, term.layer) for term in settings.layers]
    return arithmetic.dream(layers, settings)


DREAMS = Family(
    "dreams",
    _results,
    _preflight,
    _site_metadata,
    dict.fromkeys(("dream", "zoom_webp", "zoom_gif"), _arithmetic),
)
