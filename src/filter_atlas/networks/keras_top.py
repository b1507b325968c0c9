"""The top of a Keras classifier: its logits, as a function of the picture or of one of its layers.

The value of a layer is the output of its convolution and of the batch norms that follow it, as in
`KerasNetwork`. If the convolution contains its activation, it is the output with this activation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filter_atlas.networks.base import from_rgb, preprocess
from filter_atlas.networks.keras_build import rebuild
from filter_atlas.networks.keras_graph import (
    INFERENCE_NOOPS,
    Convolution,
    Graph,
    is_linear,
    rename_for_tensorflow,
    trace_model,
    trace_whole,
)
from filter_atlas.networks.load import load_checked
from filter_atlas.settings.network_source import NetworkSource

_PROBABILITIES = {"softmax", "log_softmax", "sigmoid"}
"""Activations from logits to probabilities."""


class KerasTop:
    """A classifier on one photograph: its logits, and how they depend on a layer.

    Args:
        graph: the graph, traced for pictures of one size, with its output.
        picture: (1, size, size, channels), preprocessed.
    """

    def __init__(self, graph: Graph, picture: tf.Tensor) -> None:
        self._graph = graph
        self._end, self._dense = _logits(graph)
        self._known = graph.compute(picture, self._end)
        self._values = {
            name: _value(graph, convolution) for name, convolution in graph.convolutions.items()
        }
        self.logits = self._finish(self._known[id(self._end)])[0]

    def value(self, layer: str) -> tf.Tensor:
        """The value of a layer: (1, rows, columns, filters) float32."""
        return self._known[id(self._values[layer])]

    def logits_from(self, layer: str, values: tf.Tensor) -> tf.Tensor:
        """The logits, if a layer had other values and everything beside it stayed as it is.

        Args:
            layer: name of the layer.
            values: (batch, rows, columns, filters) float32.

        Returns:
            (batch, classes) float32.
        """
        end = self._graph.compute_from(self._values[layer], values, self._known, self._end)
        return self._finish(end)

    def _finish(self, end: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._dense(end) if self._dense else end, tf.float32)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A Keras network with its top.

    Attributes:
        graph: its graph, for pictures of one size.
        source: where it came from, and its preprocessing.
    """

    graph: Graph
    source: NetworkSource

    def see(self, square: np.ndarray) -> KerasTop:
        """The classifier on a photograph: (size, size, 3) uint8, RGB."""
        pictures = from_rgb(tf.constant(square[np.newaxis]))
        preprocessing, channels = self.source.preprocessing, self.source.channels
        return KerasTop(
            self.graph, preprocess(pictures, preprocessing, self.graph.channels, channels)
        )


def load_classifier(path: Path, planned: NetworkSource | None, size: int) -> Classifier | None:
    """Load the network in a canonical file with its top.

    Args:
        path: the canonical file.
        planned: the source of the network that the settings name.
        size: side of the pictures, in pixels.

    Returns:
        The classifier; None if the network does not end in logits or probabilities of classes, or
        not for pictures of this size.

    Raises:
        WeightsError: the file is missing, altered, or holds another network than the planned one.
        ModelError: the network cannot be built.
    """
    header, arrays = load_checked(path, planned)
    if header.source.is_vgg16:
        return None
    model = rebuild(header, arrays, path)
    return classifier_of(model, header.source, size)


def classifier_of(model: Any, source: NetworkSource, size: int) -> Classifier | None:
    """A model as a classifier of pictures of one size; see `load_classifier`."""
    traced = trace_model(model, source.title)
    if traced.size not in (None, size):
        return None
    graph = trace_whole(model, size, traced.channels)
    rename_for_tensorflow(call.layer for call in graph.calls)
    return Classifier(graph, source) if _logits(graph)[0] is not None else None


def _logits(graph: Graph) -> tuple[Any, Any]:
    """The symbolic tensor from which logits follow, and the layer that still has to be applied.

    The layer is None if the tensor has the logits. The tensor is None if there are none.
    """
    makers = {id(tensor): call for call in graph.calls for tensor in call.outputs}
    tensor = graph.output
    if tensor is None or len(tensor.shape) != 2:
        return None, None
    while id(tensor) in makers:
        call = makers[id(tensor)]
        layer = call.layer
        activation = getattr(getattr(layer, "activation", None), "__name__", "")
        if isinstance(layer, keras.layers.Softmax):
            return call.inputs[0], None
        if isinstance(layer, keras.layers.Activation) and activation in _PROBABILITIES:
            return call.inputs[0], None
        if isinstance(layer, keras.layers.Dense) and activation in _PROBABILITIES:
            return call.inputs[0], _linear(layer, call.inputs[0].shape)
        if isinstance(layer, keras.layers.Dense) and is_linear(layer):
            return tensor, None
        passes_on = isinstance(layer, keras.layers.Activation) and is_linear(layer)
        if not passes_on and not isinstance(layer, INFERENCE_NOOPS):
            break
        tensor = call.inputs[0]
    return None, None


def _linear(layer: Any, shape: Any) -> Any:
    """A copy of a dense layer without its activation."""
    linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    linear.build(shape)
    linear.set_weights(layer.get_weights())
    return linear


def _value(graph: Graph, convolution: Convolution) -> Any:
    """The symbolic value of a layer: behind the batch norms that follow its convolution."""
    tensor = convolution.output
    following: Mapping[int, Any] = {
        id(call.layer): call for call in graph.calls if call.layer in convolution.normalisations
    }
    for normalisation in convolution.normalisations:
        tensor = following[id(normalisation)].output
    return tensor
