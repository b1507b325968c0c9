"""Any Keras model as a network whose filters can be drawn."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import tensorflow as tf

from filter_atlas.base.precision import Precision
from filter_atlas.base.vgg16_spec import MINIMUM_SIZE
from filter_atlas.networks import base, keras_receptive_field
from filter_atlas.networks.base import FilterResponse, Network, SeparateFilters
from filter_atlas.networks.keras_graph import (
    Convolution,
    is_linear,
    rename_for_tensorflow,
    trace_model,
)
from filter_atlas.networks.keras_kernels import keras_kernel
from filter_atlas.networks.keras_sources import keras_sources
from filter_atlas.networks.kernels import Kernel
from filter_atlas.networks.receptive_field import ReceptiveField, UnknownField
from filter_atlas.networks.sources import NoSources, Source
from filter_atlas.settings.network_source import NetworkSource

STRIDE_SIZE = 256
"""Strides are measured at this size of pictures, in pixels, or at a multiple of it."""


class KerasNetwork(Network):
    """A Keras model.

    The pre-activation of a filter is the output of its convolution and of the batch norms that
    follow it, before any activation. Its activation is the ReLU of its pre-activation, even if the
    network has another activation there.

    Args:
        model: the model, with its weights.
        source: where the model came from, and its preprocessing.
        precision: the type of all computation after the first convolution.
    """

    def __init__(self, model: Any, source: NetworkSource, precision: Precision = "float32") -> None:
        self.graph = trace_model(model, source.title)
        if precision == "bfloat16":
            self.graph.compute_in_bfloat16()
        rename_for_tensorflow(call.layer for call in self.graph.calls)
        self._preprocessing = source.preprocessing
        self._channels = source.channels
        self._smallest = self.graph.smallest_size()
        self._stride_size = self.graph.size or -(-self._smallest // STRIDE_SIZE) * STRIDE_SIZE
        self._sides = self.graph.output_sides(self._stride_size)
        self._linear = {
            name: _without_activation(convolution)
            for name, convolution in self.graph.convolutions.items()
        }

    def input_features(self, pictures: tf.Tensor, layers: Iterable[str]) -> dict[str, tf.Tensor]:
        """The inputs of layers, by name, computed in one pass up to the deepest layer."""
        return self.graph.compute_inputs(self.preprocess(pictures), layers)

    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The pre-activations of a layer; all filters are computed, even if few are requested."""
        values = self._linear[layer](features)
        for normalisation in self.graph.convolutions[layer].normalisations:
            values = normalisation(values, training=False)
        values = tf.cast(values, tf.float32)
        return values if filters is None else tf.gather(values, filters, axis=3)

    def unit_response(self, layer: str, filters: tf.Tensor) -> FilterResponse:
        """The response of one filter per picture; if possible, no others are computed."""
        convolution = self.graph.convolutions[layer]
        if convolution.is_separable_by_filter:
            return _NormalisedFilters(self, layer, convolution, filters)
        return _SelectedFilters(self, layer, tf.one_hot(filters, convolution.filters))

    def receptive_fields(self, size: int) -> dict[str, ReceptiveField | UnknownField]:
        """The receptive fields of all layers, by name."""
        return keras_receptive_field.receptive_fields(self.graph, size)

    def kernel(self, layer: str) -> Kernel:
        """The kernel of a layer, with the batch norms that follow it folded into it."""
        return keras_kernel(self.graph.convolutions[layer])

    def sources(self, layer: str) -> tuple[Source, ...] | NoSources:
        """What feeds a layer: the convolutions below it, or the picture."""
        return self._sources[layer]

    @cached_property
    def _sources(self) -> dict[str, tuple[Source, ...] | NoSources]:
        return keras_sources(self.graph)

    @property
    def colours(self) -> tuple[str, ...]:
        """The colours of the channels of the input, or the numbers of those that have none."""
        ordered = ("red", "green", "blue")
        if self._preprocessing.order == "bgr":
            ordered = ("blue", "green", "red")
        if self.graph.channels == 1:
            return ("grey",)
        if self._channels is None:
            return ordered
        names = dict(zip(self._channels, ordered, strict=True))
        return tuple(names.get(one, f"channel {one}") for one in range(self.graph.channels))

    @property
    def only_size(self) -> int | None:
        """Side of the only pictures that are not resized, in pixels; None if there are others."""
        return self.graph.size

    @property
    def smallest_size(self) -> int:
        """Side of the smallest pictures that are not resized, in pixels."""
        return max(self._smallest, MINIMUM_SIZE)

    def stride(self, layer: str) -> int:
        """Side of the square that corresponds to one cell of a layer, in pixels, rounded."""
        return max(1, round(self._stride_size / self._sides[layer]))

    def is_stride_aligned(self, layer: str) -> bool:
        """Whether pictures are not resized, and a layer's cells divide their side exactly."""
        return (
            not self.graph.size
            and self._smallest <= MINIMUM_SIZE
            and self._stride_size % self._sides[layer] == 0
        )

    def preprocess(self, pictures: tf.Tensor) -> tf.Tensor:
        """Resize pictures if the network needs another size, and convert their numbers."""
        if self.graph.size:
            pictures = tf.image.resize(pictures, [self.graph.size, self.graph.size])
        elif self._smallest > MINIMUM_SIZE:
            shape = tf.maximum(tf.shape(pictures)[1:3], self._smallest)
            pictures = tf.image.resize(pictures, shape)
        return base.preprocess(pictures, self._preprocessing, self.graph.channels, self._channels)


class _SelectedFilters(FilterResponse):
    """Filters that are selected after all filters of their layer have been computed."""

    def __init__(self, network: KerasNetwork, layer: str, selected: tf.Tensor) -> None:
        super().__init__(network, layer)
        self._selected = selected

    def from_features(self, features: tf.Tensor) -> tf.Tensor:
        values = self._network.pre_activations(features, self._layer)
        # A product, because the gradient of a gather is a scatter, which is unordered on GPUs.
        return tf.einsum("bhwf,bf->bhw", values, self._selected)


class _NormalisedFilters(SeparateFilters):
    """Separate filters with the batch norms that follow their convolution."""

    def __init__(
        self, network: KerasNetwork, layer: str, convolution: Convolution, filters: tf.Tensor
    ) -> None:
        conv2d = convolution.layer
        kernel = tf.cast(tf.convert_to_tensor(conv2d.kernel), conv2d.compute_dtype)
        bias = (
            tf.convert_to_tensor(conv2d.bias) if conv2d.use_bias else tf.zeros(convolution.filters)
        )
        super().__init__(network, layer, kernel, bias, filters)
        self._scales = [
            _scale_and_offset(normalisation, filters)
            for normalisation in convolution.normalisations
        ]

    def from_features(self, features: tf.Tensor) -> tf.Tensor:
        values = super().from_features(features)
        for scale, offset in self._scales:
            values = values * scale + offset
        return values


def _scale_and_offset(normalisation: Any, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The scale and the offset of a batch norm for each filter: (batch, 1, 1) each."""
    scale = tf.math.rsqrt(normalisation.moving_variance + normalisation.epsilon)
    if normalisation.scale:
        scale *= normalisation.gamma
    offset = -normalisation.moving_mean * scale
    if normalisation.center:
        offset += normalisation.beta
    chosen = [tf.gather(tf.convert_to_tensor(values), filters) for values in (scale, offset)]
    return chosen[0][:, tf.newaxis, tf.newaxis], chosen[1][:, tf.newaxis, tf.newaxis]


def _without_activation(convolution: Convolution) -> Any:
    """The layer of a convolution, without the activation that is fused into it."""
    layer = convolution.layer
    if is_linear(layer):
        return layer
    linear = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    linear.build(convolution.input.shape)
    linear.set_weights(layer.get_weights())
    return linear
