"""Building a Keras model, from its source or from its canonical file."""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from filter_atlas.base import child_process
from filter_atlas.base.errors import ModelError, OriginUnavailable, WeightsError
from filter_atlas.networks import efficientnet_lite
from filter_atlas.readers import keras_files
from filter_atlas.settings.applications import APPLICATIONS
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.weights.canonical import Header

_KERAS_SETTINGS = {
    "backend": "tensorflow",
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
}
"""Settings of Keras on which the numbers of a network depend, and their usual values."""


def build(source: NetworkSource, with_weights: bool = True) -> Any:
    """Build the Keras model of a source.

    Random numbers are seeded, and names that Keras makes up do not depend on the models that this
    process has built before. So a function that only initialises a network at random returns the
    same network each time.

    A packaged network gets its weights by `fetch.fetch_network`, which knows the cache.

    Args:
        source: where the network comes from.
        with_weights: False if only the architecture is needed.

    Raises:
        ModelError: it cannot be built.
        OriginUnavailable: its published weights cannot be downloaded.
    """
    check_keras()
    # Keras keeps the numbers of names, and the seed, for each thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_build, source, with_weights).result()


def _build(source: NetworkSource, with_weights: bool) -> Any:
    if source.weights == "random" or source.kind == "function":
        keras.utils.set_random_seed(0)
    match source.kind:
        case "application":
            return _build_application(source, with_weights and source.weights == "keras")
        case "package":
            model = efficientnet_lite.build(PACKAGED_NETWORKS[source.name])
        case "file":
            try:
                model = read_model(Path(source.name).expanduser())
            except WeightsError as error:
                raise ModelError(str(error)) from error
        case "function":
            model = _call_function(source.name)
    if source.weights == "random":
        model = keras.models.clone_model(model)
    return model


def rebuild(header: Header, arrays: Mapping[str, np.ndarray], path: Path) -> Any:
    """Build the Keras model of a canonical file, with its weights.

    Args:
        header, arrays: from `canonical.load`. The caller has checked that the source of the
            network is the planned one; its configuration is checked here.
        path: the file, for errors.

    Raises:
        ModelError: it cannot be built.
        WeightsError: the weights do not fit the model, or its configuration needs code.
    """
    check_keras()
    if header.source.kind == "file":
        model = _from_config(header.keras_config or "", str(path))
    else:
        model = build(header.source, with_weights=False)
    built_shapes = [tuple(variable.shape) for variable in model.weights]
    if built_shapes != [array.shape for array in arrays.values()]:
        raise WeightsError(
            f"{path}: the network has changed since it was saved", "delete it and run again"
        )
    for variable, array in zip(model.weights, arrays.values(), strict=True):
        variable.assign(array)
    return model


def check_keras() -> None:
    """Refuse settings of Keras that change every network that it builds.

    A process that a run starts has the usual settings (`base.child_process`); a notebook may have
    others.

    Raises:
        ModelError: there is such a setting.
    """
    for name, usual in _KERAS_SETTINGS.items():
        found = getattr(keras.config, name)()
        if found != usual:
            raise ModelError(
                f"Keras is set to {name} {found}, but {usual} is needed; correct keras.json in "
                f"{os.environ.get('KERAS_HOME', '~/.keras')}, KERAS_BACKEND, or the code that "
                "changes it, and start again"
            )


def read_model(path: Path) -> keras.Model:
    """Read the file of a whole model, `.keras` or `.h5`, without running its author's code.

    Raises:
        WeightsError: the file is damaged, or needs such code.
    """
    keras_files.check(path)
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    # A damaged or hostile file can make Keras raise anything.
    except Exception as error:
        raise WeightsError(
            f"{path}: Keras cannot read it ({_first_line(error)})",
            "give a whole model made of Keras's own layers, with the suffix .keras or .h5",
        ) from error


def _from_config(config: str, path: str) -> keras.Model:
    keras_files.check_config(config, path)
    try:
        return keras.models.model_from_json(config)
    # A damaged or hostile configuration can make Keras raise anything.
    except Exception as error:
        raise WeightsError(
            f"{path}: Keras cannot build its network ({_first_line(error)})",
            "delete it and run again",
        ) from error


def _build_application(source: NetworkSource, published: bool) -> Any:
    if published:
        child_process.share_keras_downloads()
    constructor = getattr(keras.applications, APPLICATIONS[source.name].constructor)
    try:
        return constructor(include_top=False, weights="imagenet" if published else None)
    # Keras passes on any error of its download.
    except Exception as error:
        reason = _first_line(error)
        if not published:
            raise ModelError(f"{source.name}: Keras cannot build it ({reason})") from error
        raise OriginUnavailable(
            f"the published weights of {source.title} cannot be downloaded ({reason})",
            "check the network and its proxy, give a model's file as `network`, or set "
            "`weights: random`",
        ) from error


def _call_function(function: str) -> Any:
    module, _, name = function.partition(":")
    # The current folder comes first, as in `workflow.network_lookup`.
    if sys.path[0] != "":
        sys.path.insert(0, "")
    try:
        model = getattr(import_module(module), name)()
    # SystemExit: some scripts call `sys.exit`.
    except (Exception, SystemExit) as error:
        raise ModelError(f"{function}: {type(error).__name__}: {_first_line(error)}") from error
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"{function}: returned a {type(model).__name__}; it must return a keras.Model"
        )
    return model


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
