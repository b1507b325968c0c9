"""Any Keras classifier: having Keras read its file, and finding its logits.

Probabilities flatten out where a class is certain, and their gradient with them; a logit does
not. So the activation at the network's end is taken off: of the last layer where it is fused into
it, or as a layer of its own, in nested models too. The graph tells, no name is asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras

from filter_atlas.classes import keras_file
from filter_atlas.classes.settings import LEAST_SIZE
from filter_atlas.errors import ClassifierError

Probabilities = Literal["softmax", "sigmoid"]

_END = "end the model in a Dense, Activation or Softmax layer over its classes and save it again"

# What stands between a network's logits and its output, when it is not being trained, and does
# nothing.
_IDLE = (keras.layers.Dropout, keras.layers.Identity)

_ACTIVATIONS: dict[str, Probabilities] = {
    "linear": "softmax",
    "softmax": "softmax",
    "log_softmax": "softmax",
    "sigmoid": "sigmoid",
}
"""What makes probabilities of the logits, by the activation at the end; softmax without any."""


@dataclass(frozen=True)
class Bare:
    """A network without the activation at its end.

    Attributes:
        model: (batch, size, size, channels) → (batch, outputs), logits.
        probabilities: what makes probabilities of them.
        size: side of the pictures it takes; None where any does.
        channels: 3 or 1.
        outputs: number of logits; a single sigmoid tells two classes apart.
    """

    model: keras.Model
    probabilities: Probabilities
    size: int | None
    channels: int
    outputs: int


def load(path: Path) -> Bare:
    """Read a whole model, `.keras` or `.h5`, and take off the activation at its end.

    Raises:
        ClassifierError: the file is damaged, is refused by `keras_file`, or is no classifier of
            pictures.
    """
    return without_activation(read_model(path), str(path))


def read_model(path: Path) -> keras.Model:
    """Read a whole model, `.keras` or `.h5`; no code of its author's is run.

    Raises:
        ClassifierError: the file is damaged, or needs such code.
    """
    source = str(path)
    keras_file.check(path)
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    # A damaged or hostile file can make Keras raise anything.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ClassifierError(
            f"{source}: Keras cannot read it ({reason}); give a whole model made of Keras's own "
            "layers, with the suffix .keras or .h5"
        ) from error


def without_activation(model: keras.Model, source: str) -> Bare:
    """Take off the activation at a network's end; `source` names it in errors.

    Raises:
        ClassifierError: it is no classifier of pictures, or its logits cannot be found.
    """
    inputs, outputs = _ends(model, source)
    size, channels = _input(tuple(inputs[0].shape), source)
    shape = tuple(outputs[0].shape)
    if len(shape) != 2 or not shape[1]:
        raise ClassifierError(
            f"{source}: gives {shape}, where a classifier gives (None, classes); {_END}"
        )
    logits, probabilities = _logits(outputs[0], source)
    if probabilities == "softmax" and shape[1] == 1:
        raise ClassifierError(
            f"{source}: a single output without a sigmoid is no class; give a classifier"
        )
    bare = keras.Model(inputs[0], logits)
    scope_names(bare._flatten_layers())
    return Bare(bare, probabilities, size, channels, shape[1])


def scope_names(layers: Iterable[Any]) -> None:
    """Rename layers whose names TensorFlow's graphs do not take; Keras takes nearly any."""
    for layer in layers:
        layer.name = re.sub(r"^[_-]|[^A-Za-z0-9_.-]", ".", layer.name)


def _ends(model: keras.Model, source: str) -> tuple[list[Any], list[Any]]:
    try:
        inputs, outputs = model.inputs, model.outputs
    except (AttributeError, ValueError) as error:
        raise ClassifierError(
            f"{source}: a model whose graph is not known; build it with keras.Input and save again"
        ) from error
    if len(inputs) != 1 or len(outputs) != 1:
        raise ClassifierError(
            f"{source}: {len(inputs)} inputs and {len(outputs)} outputs, where a classifier of "
            "pictures has one of each; save that part as a model of its own"
        )
    return inputs, outputs


def _input(shape: tuple[int | None, ...], source: str) -> tuple[int | None, int]:
    """Size and channels of a network's input."""
    if len(shape) == 4:
        _, height, width, channels = shape
        if height == width and channels in (1, 3) and (height is None or height >= LEAST_SIZE):
            return height, channels
    raise ClassifierError(
        f"{source}: takes {shape}, where pictures are (None, size, size, 3 or 1), channels last, "
        f"with a size of {LEAST_SIZE} at least; give a classifier of such pictures"
    )


def _logits(output: Any, source: str) -> tuple[Any, Probabilities]:
    """The tensor of logits behind an output of a graph, and what made probabilities of them."""
    # Keras keeps for every tensor which call of which layer made it.
    layer, call, place = output._keras_history
    tensors = layer._inbound_nodes[call].input_tensors
    if isinstance(layer, keras.Model):
        inner, probabilities = _logits(layer.outputs[place], source)
        if len(tensors) > 1:
            return keras.Model(layer.inputs, inner)(tensors), probabilities
        return keras.Model(layer.inputs[0], inner)(tensors[0]), probabilities
    taken = tensors[0]
    if isinstance(layer, _IDLE):
        return _logits(taken, source)
    if isinstance(layer, keras.layers.Softmax):
        return taken, "softmax"
    if isinstance(layer, keras.layers.GlobalAveragePooling2D):
        return output, "softmax"
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", None)
    if name not in _ACTIVATIONS:
        ending = f"{type(layer).__name__} {layer.name!r}" + (f" with {name}" if name else "")
        raise ClassifierError(
            f"{source}: ends in {ending}, behind which no logits can be found; {_END}"
        )
    if isinstance(layer, keras.layers.Activation):
        return _logits(taken, source) if name == "linear" else (taken, _ACTIVATIONS[name])
    if name == "linear":
        return output, "softmax"
    bare = type(layer).from_config(
        {**layer.get_config(), "name": f"{layer.name}_logits", "activation": "linear"}
    )
    logits = bare(taken)
    bare.set_weights(layer.get_weights())
    return logits, _ACTIVATIONS[name]
