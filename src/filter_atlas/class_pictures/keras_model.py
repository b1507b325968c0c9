"""Reading any Keras classifier, and finding its logits.

If a class is nearly certain, its probability has almost no gradient, but its logit has one. So the
activation at the end of the network is removed, whether it is part of the last layer or a layer of
its own. It may be inside nested models. It is found in the graph, not by layer names.
"""

from pathlib import Path
from typing import Any

import keras

from filter_atlas.base.errors import ClassifierError, WeightsError
from filter_atlas.class_pictures.logit_model import LogitModel, OutputActivation
from filter_atlas.networks.keras_build import read_model
from filter_atlas.networks.keras_graph import INFERENCE_NOOPS, rename_for_tensorflow
from filter_atlas.settings.classes import MINIMUM_INPUT_SIZE

_END = "end the model in a Dense, Activation or Softmax layer over its classes and save it again"

_ACTIVATIONS: dict[str, OutputActivation] = {
    "linear": "softmax",
    "softmax": "softmax",
    "log_softmax": "softmax",
    "sigmoid": "sigmoid",
}
"""The function from logits to probabilities, by the activation at the end; `linear` is none."""


def load(path: Path) -> LogitModel:
    """Load a whole model, `.keras` or `.h5`, and remove the activation at its end.

    Raises:
        ClassifierError: the file is damaged, is rejected by `readers.keras_files`, or does not hold
            a classifier of pictures.
    """
    try:
        model = read_model(path)
    except WeightsError as error:
        raise ClassifierError(str(error)) from error
    return without_activation(model, str(path))


def without_activation(model: keras.Model, source: str) -> LogitModel:
    """Remove the activation at a network's end; `source` names the network in errors.

    Raises:
        ClassifierError: it is not a classifier of pictures, or its logits cannot be found.
    """
    inputs, outputs = _inputs_and_outputs(model, source)
    size, channels = _size_and_channels(tuple(inputs[0].shape), source)
    shape = tuple(outputs[0].shape)
    if len(shape) != 2 or not shape[1]:
        raise ClassifierError(
            f"{source}: gives {shape}, where a classifier gives (None, classes); {_END}"
        )
    logits, activation = _logits(outputs[0], source)
    if activation == "softmax" and shape[1] == 1:
        raise ClassifierError(
            f"{source}: has a single output without a sigmoid; give a classifier that has a "
            "sigmoid or several outputs"
        )
    logit_model = keras.Model(inputs[0], logits)
    rename_for_tensorflow(logit_model._flatten_layers())
    return LogitModel(logit_model, activation, size, channels, shape[1])


def _inputs_and_outputs(model: keras.Model, source: str) -> tuple[list[Any], list[Any]]:
    try:
        inputs, outputs = model.inputs, model.outputs
    except (AttributeError, ValueError) as error:
        raise ClassifierError(
            f"{source}: the model has no known graph; build it with keras.Input and save again"
        ) from error
    if len(inputs) != 1 or len(outputs) != 1:
        raise ClassifierError(
            f"{source}: {len(inputs)} inputs and {len(outputs)} outputs, where a classifier of "
            "pictures has one of each; save that part as a model of its own"
        )
    return inputs, outputs


def _size_and_channels(shape: tuple[int | None, ...], source: str) -> tuple[int | None, int]:
    """Size and channels of the pictures, from the shape of a network's input."""
    if len(shape) == 4:
        _, height, width, channels = shape
        if (
            height == width
            and channels in (1, 3)
            and (height is None or height >= MINIMUM_INPUT_SIZE)
        ):
            return height, channels
    raise ClassifierError(
        f"{source}: takes {shape}, where pictures are (None, size, size, 3 or 1), channels last, "
        f"with a size of {MINIMUM_INPUT_SIZE} at least; give a classifier of such pictures"
    )


def _logits(output: Any, source: str) -> tuple[Any, OutputActivation]:
    """The symbolic logits of an output, and the activation that is applied to them."""
    # Keras records for every symbolic tensor which call of which layer made it.
    layer, call, place = output._keras_history
    tensors = layer._inbound_nodes[call].input_tensors
    if isinstance(layer, keras.Model):
        inner, activation = _logits(layer.outputs[place], source)
        if len(tensors) > 1:
            return keras.Model(layer.inputs, inner)(tensors), activation
        return keras.Model(layer.inputs[0], inner)(tensors[0]), activation
    layer_input = tensors[0]
    if isinstance(layer, INFERENCE_NOOPS):
        return _logits(layer_input, source)
    if isinstance(layer, keras.layers.Softmax):
        return layer_input, "softmax"
    if isinstance(layer, keras.layers.GlobalAveragePooling2D):
        return output, "softmax"
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    if name not in _ACTIVATIONS:
        ending = f"{type(layer).__name__} {layer.name!r}" + (f" with {name}" if name else "")
        raise ClassifierError(
            f"{source}: its logits cannot be found, because it ends in {ending}; {_END}"
        )
    if isinstance(layer, keras.layers.Activation):
        if name == "linear":
            return _logits(layer_input, source)
        return layer_input, _ACTIVATIONS[name]
    if name == "linear":
        return output, "softmax"
    linear = type(layer).from_config(
        {**layer.get_config(), "name": f"{layer.name}_logits", "activation": "linear"}
    )
    logits = linear(layer_input)
    linear.set_weights(layer.get_weights())
    return logits, _ACTIVATIONS[name]
