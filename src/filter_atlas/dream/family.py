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

    Returns:
        For each dream the sha256 of its photograph, and of its guide if it has one.

    Raises:
        PhotoError: a photograph is missing, damaged or too small.
        ConfigError: an animation is too large.
    """
    # Without the pixels, which take much memory.
    photographs: dict[tuple[str, int], tuple[str, tuple[int, ...]]] = {}
    for name, dream in config.dreams.items():
        for key, photo in zip(("photo", "guide"), dream.photographs, strict=False):
            if photo not in photographs:
                photographs[photo] = _digest_and_shape(f"dreams.{name}.{key}", *photo)
        if dream.zoom:
            try:
                _, shape = photographs[dream.photographs[0]]
                zoom.check(dream.zoom, shape)
            except ConfigError as error:
                raise ConfigError(f"config: dreams.{name}.{error}") from None
    return {
        name: [photographs[photo][0] for photo in dream.photographs]
        for name, dream in config.dreams.items()
    }


def _digest_and_shape(setting: str, path: str, longest_side: int) -> tuple[str, tuple[int, ...]]:
    try:
        # The log is dropped here: the dream's own job logs what it changes in the photograph.
        photograph = read_photograph(Path(path), longest_side, log=lambda line: None)
    except PhotoError as error:
        raise PhotoError(f"config: {setting}: {error}") from None
    return photograph.digest, photograph.pixels.shape


def _site_metadata(config: Config) -> Facts:
    return {name: dream.excited for name, dream in config.dreams.items()}


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
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
