"""What feeds each convolution of a Keras model, from its traced graph.

From a convolution's input, every way is followed back to a convolution or to the picture. A kind
of layer that is not listed here is not guessed at: what lies above it has no known sources, and the
reason is passed on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from filter_atlas.networks.keras_graph import CONVOLUTIONS, INFERENCE_NOOPS, Graph, is_linear
from filter_atlas.networks.sources import PICTURE, NoSources, Source, Step

_KERAS = ("keras.layers", "keras.src.layers", "keras.src.ops")
"""Modules of the layers whose behaviour is known. A user's subclass can do something else."""

_ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
)

_ACTIVATION_OPERATIONS = {
    "Elu", "Gelu", "HardSilu", "HardSwish", "LeakyRelu", "Relu", "Relu6", "Silu", "Swish",
}  # fmt: skip
"""The same, for functions of `keras.ops`."""

_MOST_WAYS = 1_000
"""Maximum number of ways from a convolution back to its sources."""


class _NotLinear(Exception):
    """A way leads through something that is not linearised; the text is the reason."""


def keras_sources(graph: Graph) -> dict[str, tuple[Source, ...] | NoSources]:
    """The sources of all convolutions, by name; or the reason why they are not known."""
    tracer = _Tracer(graph)
    return {
        name: tracer.sources(convolution.input) for name, convolution in graph.convolutions.items()
    }


class _Tracer:
    """Follows tensors back to the convolutions from which they come."""

    def __init__(self, graph: Graph) -> None:
        self._picture = graph.picture
        self._calls = {id(tensor): call for call in graph.calls for tensor in call.outputs}
        self._names = {id(one.output): name for name, one in graph.convolutions.items()}
        self._folded = {
            id(norm) for one in graph.convolutions.values() for norm in one.normalisations
        }
        self._known: dict[int, list[Source]] = {}

    def sources(self, tensor: Any) -> tuple[Source, ...] | NoSources:
        """The sources of a tensor."""
        try:
            return tuple(self._follow(tensor))
        except _NotLinear as error:
            return NoSources(str(error))

    def _follow(self, tensor: Any) -> list[Source]:
        if id(tensor) not in self._known:
            self._known[id(tensor)] = self._followed(tensor)
        return self._known[id(tensor)]

    def _followed(self, tensor: Any) -> list[Source]:
        if tensor is self._picture:
            return [_whole(PICTURE, tensor)]
        call = self._calls[id(tensor)]
        layer, inputs = call.layer, call.inputs
        if isinstance(layer, CONVOLUTIONS):
            if id(tensor) not in self._names:
                raise _NotLinear(f"{layer.name} is used more than once")
            source = _whole(self._names[id(tensor)], tensor)
            if is_linear(layer):
                return [source]
            return [replace(source, steps=(Step(_spelt(layer.activation.__name__)),))]
        if not type(layer).__module__.startswith(_KERAS):
            raise _unknown(layer)
        if isinstance(layer, keras.layers.Concatenate) and layer.axis in (-1, 3):
            return self._concatenated(tensor, inputs)
        signs = _signs(layer, len(inputs))
        if signs is not None:
            return self._added(inputs, signs)
        change = self._change(layer)
        if change is None or len(inputs) != 1:
            raise _unknown(layer)
        return [change(source) for source in self._follow(inputs[0])]

    def _concatenated(self, tensor: Any, inputs: list[Any]) -> list[Source]:
        channels, first, found = int(tensor.shape[-1]), 0, []
        for one in inputs:
            count = int(one.shape[-1])
            for source in self._follow(one):
                filters, factors = np.full(channels, -1, np.int32), np.zeros(channels, np.float32)
                filters[first : first + count] = source.filters
                factors[first : first + count] = source.factors
                found.append(
                    replace(
                        source,
                        filters=filters,
                        factors=factors,
                        steps=(*source.steps, Step("concatenation")),
                    )
                )
            first += count
        return found

    def _added(self, inputs: list[Any], signs: tuple[float, ...]) -> list[Source]:
        found = []
        for one, sign in zip(inputs, signs, strict=True):
            for source in self._follow(one):
                found.append(
                    replace(
                        source,
                        factors=source.factors * np.float32(sign),
                        steps=(*source.steps, Step("addition")),
                    )
                )
        if len(found) > _MOST_WAYS:
            raise _NotLinear(f"more than {_MOST_WAYS:,} ways lead to it")
        if len({len(source.filters) for source in found}) > 1:
            raise _NotLinear("one channel is added to all channels")
        return found

    def _change(self, layer: Any) -> Callable[[Source], Source] | None:
        """What a layer with one input does to a source; None if it is not linearised."""
        kind = type(layer).__name__
        if isinstance(layer, INFERENCE_NOOPS):
            return lambda source: source
        if isinstance(layer, _ACTIVATIONS) or kind in _ACTIVATION_OPERATIONS:
            name = layer.activation.__name__ if kind == "Activation" else kind
            if name in ("linear", "softmax"):
                return (lambda source: source) if name == "linear" else None
            return _step(Step(_spelt(name)))
        if isinstance(layer, keras.layers.BatchNormalization) and layer.axis in (-1, 3):
            if id(layer) in self._folded:
                return lambda source: source
            return _scaled("batch norm", batch_norm(layer)[0])
        if isinstance(layer, keras.layers.Rescaling):
            return _scaled("scaling", np.asarray(layer.scale, np.float32))
        if isinstance(layer, keras.layers.Normalization) and not layer.invert:
            variance = np.asarray(layer.variance, np.float32).reshape(-1)
            return _scaled("scaling", 1 / np.maximum(np.sqrt(variance), 1e-7))
        if isinstance(layer, keras.layers.MaxPooling2D | keras.layers.AveragePooling2D):
            name = "max pooling" if isinstance(layer, keras.layers.MaxPooling2D) else "mean pooling"
            return _step(Step(name, layer.pool_size, layer.strides, layer.padding))
        if isinstance(layer, keras.layers.ZeroPadding2D):
            return _step(Step("padding", before=(layer.padding[0][0], layer.padding[1][0])))
        if isinstance(layer, keras.layers.Cropping2D):
            return _step(Step("cropping", before=(-layer.cropping[0][0], -layer.cropping[1][0])))
        if isinstance(layer, keras.layers.UpSampling2D) and layer.interpolation == "nearest":
            return _step(Step("enlargement", times=tuple(layer.size)))
        return None


def batch_norm(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """The scale and the offset of a batch norm outside training: (channels,) float32 each."""
    scale = 1 / np.sqrt(np.asarray(layer.moving_variance) + np.float32(layer.epsilon))
    if layer.scale:
        scale = scale * np.asarray(layer.gamma)
    offset = -np.asarray(layer.moving_mean) * scale
    if layer.center:
        offset = offset + np.asarray(layer.beta)
    return scale.astype(np.float32), offset.astype(np.float32)


def _whole(layer: str, tensor: Any) -> Source:
    channels = int(tensor.shape[-1])
    return Source(layer, np.arange(channels, dtype=np.int32), np.ones(channels, np.float32))


def _step(step: Step) -> Callable[[Source], Source]:
    return lambda source: replace(source, steps=(*source.steps, step))


def _scaled(name: str, scale: np.ndarray) -> Callable[[Source], Source]:
    return lambda source: replace(
        source,
        factors=(source.factors * scale).astype(np.float32),
        steps=(*source.steps, Step(name)),
    )


def _signs(layer: Any, inputs: int) -> tuple[float, ...] | None:
    """The factor of each input of a sum; None if the layer is no sum of several tensors."""
    if inputs < 2:
        return None
    kind = type(layer).__name__
    if isinstance(layer, keras.layers.Add) or kind == "Add":
        return (1.0,) * inputs
    if isinstance(layer, keras.layers.Subtract) or kind == "Subtract":
        return (1.0, -1.0)
    if isinstance(layer, keras.layers.Average):
        return (1 / inputs,) * inputs
    return None


def _spelt(activation: str) -> str:
    known = {"relu": "ReLU", "relu6": "ReLU", "ReLU": "ReLU", "Relu": "ReLU", "Relu6": "ReLU"}
    return known.get(activation, activation.lower())


def _unknown(layer: Any) -> _NotLinear:
    return _NotLinear(f"{layer.name} ({type(layer).__name__}) is not linearised")
