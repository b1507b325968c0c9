"""The top of a Keras classifier: its logits, as a function of the picture or of one of its layers.

The value of a layer is the output of its convolution and of the batch norms that follow it, as in
`KerasNetwork`. If the convolution contains its activation, it is the output with this activation.
"""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from filter_atlas.networks.keras_graph import INFERENCE_NOOPS, Convolution, Graph, is_linear

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


def is_classifier(graph: Graph) -> bool:
    """Whether a graph ends in logits or probabilities of classes."""
    return _logits(graph)[0] is not None


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
