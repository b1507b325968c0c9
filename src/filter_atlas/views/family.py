"""Views as a family of results."""

from collections.abc import Mapping
from pathlib import Path

from filter_atlas.base.addresses import to_address
from filter_atlas.base.architecture import Architecture, place_at_depth
from filter_atlas.base.class_names import imagenet, usual_name
from filter_atlas.base.errors import ConfigError, PhotoError
from filter_atlas.base.formatting import short, suggestion
from filter_atlas.base.paths import ROOT
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.networks import arithmetic
from filter_atlas.readers.scaled_photograph import read_scaled
from filter_atlas.settings.applications import APPLICATIONS, USUAL_SIZE
from filter_atlas.settings.config import Config
from filter_atlas.settings.dreams import DEPTHS
from filter_atlas.settings.family import Facts, Family
from filter_atlas.settings.network_source import VGG16_NAME
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS

NAME = "views"

FOLDER = f"{ROOT}/views"

CHECKED = 32
"""Side of the square at which a photograph is read before any job runs, in pixels."""


def path(view: str, kind: str) -> str:
    """A file of a view: its record (`json`), or the photograph as the network got it (`webp`)."""
    return f"{FOLDER}/{view}.{kind}"


def mosaic(view: str, layer: str) -> str:
    """The mosaic of a layer."""
    return f"{FOLDER}/{view}/{layer}.png"


def attribution(view: str) -> str:
    """Which filters speak for the likeliest classes of a view."""
    return f"{FOLDER}/{view}.classes.json"


def is_attributed(config: Config) -> bool:
    """Whether there are attributions: VGG16 and Keras's own networks come without classes."""
    if not config.views or not config.views.attribution:
        return False
    return config.network != VGG16_NAME and config.network not in APPLICATIONS


def class_names(config: Config) -> tuple[str, ...] | None:
    """The usual names of the network's classes; None if they are unknown."""
    if config.network in PACKAGED_NETWORKS:
        return tuple(map(usual_name, imagenet()))
    classes = config.classes
    if classes and classes.network == config.network and classes.known_names:
        return tuple(map(usual_name, classes.known_names))
    return None


def groups(view: str, layer: str, kind: str) -> str:
    """A picture of a layer's groups: what fires them (`drawn`), or where they are (`places`)."""
    return f"{FOLDER}/{view}/{kind}/{layer}.png"


def grouped_layers(config: Config) -> list[str]:
    """The layers whose filters are grouped, at the depths of the default dreams."""
    if not config.views or not config.views.groups:
        return []
    layers = list(config.filters)
    places = (place_at_depth(depth, len(layers)) for depth in DEPTHS.values())
    return [layers[place] for place in dict.fromkeys(places)]


def names(config: Config) -> list[str]:
    """The names of the views."""
    return list(config.views.by_name) if config.views else []


def _results(config: Config) -> list[str]:
    return [
        file
        for view in names(config)
        for file in (
            path(view, "json"),
            path(view, "webp"),
            *([attribution(view)] if is_attributed(config) else []),
            *(mosaic(view, layer) for layer in config.filters),
            *(
                groups(view, layer, kind)
                for layer in grouped_layers(config)
                for kind in ("drawn", "places")
            ),
        )
    ]


def _preflight(config: Config) -> Facts:
    """Read every photograph once.

    Returns:
        For each view the sha256 of its photograph, and the path of it, percent-encoded.

    Raises:
        PhotoError: a photograph is missing, damaged, too small or too long.
        ConfigError: the folder of another atlas has no views.
    """
    if config.views is None:
        return {}
    _check_beside(config.views.beside)
    sample = {photo.path.stem: photo.path for photo in sample_photos()}
    facts = {}
    for view, given in config.views.by_name.items():
        file = sample.get(given, Path(given).expanduser())
        try:
            # The log is dropped here: the view's own job logs what it changes in the photograph.
            scaled = read_scaled(file, CHECKED, log=lambda line: None)
        except PhotoError as error:
            hint = suggestion(given, sample).strip()
            raise PhotoError(
                f"config: views: {error}" + (f" ({hint})" if hint and not file.exists() else "")
            ) from None
        facts[view] = {"digest": scaled.digest, "address": to_address(file.absolute())}
    return facts


def _check_beside(beside: str | None) -> None:
    if beside and not any((Path(beside).expanduser() / "views").glob("*.json")):
        raise ConfigError(
            f"config: views.beside = {short(beside)}: no views there; give the folder `results` of "
            "another atlas, and make its views first"
        )


def _site_metadata(config: Config) -> Facts:
    return {
        "views": names(config),
        "observed": config.photos is not None,
        "grouped": grouped_layers(config),
        "classified": is_attributed(config),
        "beside": _absolute(config.views.beside if config.views else None),
    }


def _absolute(path: str | None) -> str | None:
    return str(Path(path).expanduser().absolute()) if path else None


def _arithmetic(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    size = config.photos.size if config.photos else None
    return arithmetic.observation(size or USUAL_SIZE)


def _drawing(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    layers = [arithmetic.vgg16_layer(architecture, layer) for layer in grouped_layers(config)]
    count = config.views.groups if config.views else 0
    return count * sum(arithmetic.ascent(layer, config.chosen_recipe()) for layer in layers)


VIEWS = Family(
    NAME,
    _results,
    _preflight,
    _site_metadata,
    {"view": _arithmetic, "draw_groups": _drawing},
)
