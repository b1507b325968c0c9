"""Building a network from where it comes from, with its weights."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import keras

from filter_atlas.classes.keras_model import read_model
from filter_atlas.errors import ClassifierError, ModelError, OriginUnavailable
from filter_atlas.models.applications import APPLICATIONS
from filter_atlas.models.source import Source


def build(source: Source, with_weights: bool = True) -> Any:
    """The Keras model of a source.

    Args:
        source: where it comes from.
        with_weights: False where only its architecture is asked for.

    Raises:
        ModelError: it cannot be built.
        OriginUnavailable: its published weights cannot be had.
    """
    if source.weights == "random":
        keras.utils.set_random_seed(0)
    match source.kind:
        case "application":
            return _application(source, with_weights and source.weights == "keras")
        case "file":
            try:
                model = read_model(Path(source.name).expanduser())
            except ClassifierError as error:
                raise ModelError(str(error)) from error
        case "function":
            model = _made(source.name)
    if source.weights == "random":
        model = keras.models.clone_model(model)
    return model


def _application(source: Source, published: bool) -> Any:
    constructor = getattr(keras.applications, APPLICATIONS[source.name].constructor)
    try:
        return constructor(include_top=False, weights="imagenet" if published else None)
    # Keras raises whatever its download ran into.
    except Exception as error:
        if not published:
            raise ModelError(f"{source.name}: Keras cannot build it ({_line(error)})") from error
        raise OriginUnavailable(
            f"the published weights of {source.title} cannot be downloaded ({_line(error)})",
            "check the network and its proxy, give a model's file as `network`, or set "
            "`weights: random`",
        ) from error


def _made(function: str) -> Any:
    module, _, name = function.partition(":")
    # As `source` looks for it.
    if sys.path[0] != "":
        sys.path.insert(0, "")
    try:
        model = getattr(import_module(module), name)()
    # SystemExit: some scripts end themselves.
    except (Exception, SystemExit) as error:
        raise ModelError(f"{function}: {type(error).__name__}: {_line(error)}") from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"{function}: gives a {type(model).__name__}; let it return a keras.Model")
    return model


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
