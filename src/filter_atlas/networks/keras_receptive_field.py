"""Receptive fields in the graph of a Keras model.

The field of every tensor follows from the fields of the tensors that it is computed from. A kind of
layer that is not listed here is not guessed at: what lies behind it has no known field, and the
reason is passed on.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import keras

from filter_atlas.networks.keras_graph import INFERENCE_NOOPS, Graph
from filter_atlas.networks.receptive_field import ReceptiveField, UnknownField

Field = ReceptiveField | UnknownField

_KERAS = ("keras.layers", "keras.src.layers", "keras.src.applications", "keras.src.ops")
"""Modules of the layers whose behaviour is known. A user's subclass can do something else."""

_POINTWISE = (
    *INFERENCE_NOOPS,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.BatchNormalization,
    keras.layers.Normalization,
    keras.layers.Rescaling,
    keras.layers.Dense,
    keras.layers.Add,
    keras.layers.Subtract,
    keras.layers.Multiply,
    keras.layers.Average,
    keras.layers.Maximum,
    keras.layers.Minimum,
    keras.layers.RandomBrightness,
    keras.layers.RandomContrast,
    keras.layers.RandomFlip,
    keras.layers.RandomRotation,
    keras.layers.RandomTranslation,
    keras.layers.RandomZoom,
)
"""Layers that compute each cell from the same cell of their inputs. Random changes of the picture
belong to training, and every call of a layer is outside training."""

_POINTWISE_NAMES = {"LayerScale", "StochasticDepth", "CustomScaleLayer"}
"""The same, for layers of Keras Applications that have no public name."""

_POINTWISE_OPERATIONS = {
    "Abs", "Add", "Clip", "Divide", "Elu", "Exp", "Gelu", "HardSigmoid", "HardSilu", "HardSwish",
    "LeakyRelu", "Maximum", "Minimum", "Multiply", "Negative", "Power", "Relu", "Relu6", "Sigmoid",
    "Silu", "Softplus", "Sqrt", "Square", "Subtract", "Swish", "Tanh", "TrueDivide",
}  # fmt: skip
"""The same, for functions of `keras.ops`, such as the addition of two tensors by `+`."""

_CHANNELS_ONLY = (keras.layers.Softmax, keras.layers.LayerNormalization, keras.layers.Concatenate)
"""Layers that are pointwise if their axis is that of the channels."""

_WINDOWS = (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
_GLOBAL_POOLING = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)


def receptive_fields(graph: Graph, size: int) -> dict[str, Field]:
    """The receptive fields of all convolutions, by name.

    Args:
        graph: the traced graph.
        size: side of the square pictures that it gets, in pixels.
    """
    fields: dict[int, Field] = {id(graph.picture): ReceptiveField.of_picture(size)}
    for call in graph.calls:
        inputs = [fields.get(id(tensor), _UNREACHED) for tensor in call.inputs]
        field = _field_behind(call.layer, inputs, size)
        fields |= {id(tensor): field for tensor in call.outputs}
    return {
        name: fields[id(convolution.output)] for name, convolution in graph.convolutions.items()
    }


_UNREACHED = UnknownField("a tensor does not depend on the picture alone")


def _field_behind(layer: Any, inputs: Sequence[Field], size: int) -> Field:
    """The field of a layer's output."""
    for field in inputs:
        if isinstance(field, UnknownField):
            return field
    known = [field for field in inputs if isinstance(field, ReceptiveField)]
    change = _change_by(layer, size)
    if change is None or not known:
        return UnknownField(f"what {layer.name} ({type(layer).__name__}) sees is not known")
    try:
        return change(reduce(ReceptiveField.union, known))
    except ValueError as error:
        return UnknownField(f"{layer.name} ({type(layer).__name__}): {error}")


def _change_by(layer: Any, size: int) -> Callable[[ReceptiveField], ReceptiveField] | None:
    """How a layer changes the field of its inputs; None if that is not known."""
    if not type(layer).__module__.startswith(_KERAS):
        return None
    if _is_pointwise(layer):
        return lambda field: field
    if isinstance(layer, _CONVOLUTIONS):
        window = (layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
        return lambda field: field.window(*window)
    if isinstance(layer, _WINDOWS):
        pool = (layer.pool_size, layer.strides, (1, 1), layer.padding)
        return lambda field: field.window(*pool)
    if isinstance(layer, _GLOBAL_POOLING):
        return lambda field: field.cell().whole(size)
    if isinstance(layer, keras.layers.GroupNormalization):
        return lambda field: field.whole(size)
    if isinstance(layer, keras.layers.ZeroPadding2D):
        return lambda field: field.pad(*layer.padding)
    if isinstance(layer, keras.layers.Cropping2D):
        return lambda field: field.crop(*layer.cropping)
    if isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "nearest":
        return lambda field: field.repeat(*layer.size)
    if isinstance(layer, keras.layers.Reshape | keras.layers.Flatten):
        return ReceptiveField.require_single_cell
    return None


def _is_pointwise(layer: Any) -> bool:
    kind = type(layer)
    if isinstance(layer, _CHANNELS_ONLY):
        axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
        return set(axes) <= {-1, 3}
    if kind.__module__.startswith("keras.src.ops"):
        return kind.__name__ in _POINTWISE_OPERATIONS
    if kind.__module__.startswith("keras.src.applications"):
        return kind.__name__ in _POINTWISE_NAMES
    return isinstance(layer, _POINTWISE)
