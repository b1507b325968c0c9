"""What every network offers: inputs and pre-activations of layers, and responses of filters."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from filter_atlas.base.preprocessing import LUMINANCE, PREPROCESSINGS, Preprocessing
from filter_atlas.base.vgg16_spec import MINIMUM_SIZE
from filter_atlas.networks.kernels import Kernel
from filter_atlas.networks.receptive_field import ReceptiveField, UnknownField
from filter_atlas.networks.sources import NoSources, Source


class UnitResponse(Protocol):
    """How units, such as filters or classes, respond to pictures: one unit per picture."""

    def pre_activations(self, pictures: tf.Tensor) -> tf.Tensor:
        """The pre-activations of each picture's unit: (batch, height, width) float32."""


class Network(ABC):
    """A network whose filters can be drawn.

    Pictures are (batch, height, width, 3) float32, **BGR**, in grey levels, with nothing
    subtracted. A network that was trained on other numbers converts pictures itself.
    """

    @abstractmethod
    def input_features(self, pictures: tf.Tensor, layers: Iterable[str]) -> dict[str, tf.Tensor]:
        """The inputs of layers, by name, computed in one pass up to the deepest layer."""

    @abstractmethod
    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The pre-activations of a layer: (batch, height, width, filters) float32.

        Args:
            features: the layer's input, from `input_features`.
            layer: name of the layer.
            filters: (filters,) int32, indices of the filters to return; None for all.
        """

    @abstractmethod
    def unit_response(self, layer: str, filters: tf.Tensor) -> "FilterResponse":
        """The response of a layer's filters, one per picture; `filters`: (batch,) int32."""

    @abstractmethod
    def receptive_fields(self, size: int) -> Mapping[str, ReceptiveField | UnknownField]:
        """The receptive fields of all layers, by name.

        Args:
            size: side of the square pictures, in pixels; a size that the network does not change.
        """

    @abstractmethod
    def kernel(self, layer: str) -> Kernel:
        """The kernel of a layer, with the batch norms that follow it folded into it."""

    @abstractmethod
    def sources(self, layer: str) -> tuple[Source, ...] | NoSources:
        """What feeds a layer: the convolutions below it, or the picture."""

    @property
    @abstractmethod
    def colours(self) -> tuple[str, ...]:
        """The names of the channels of the network's input, in order."""

    @property
    def only_size(self) -> int | None:
        """Side of the only pictures that are not resized, in pixels; None if there are others."""
        return None

    @property
    def smallest_size(self) -> int:
        """Side of the smallest pictures that are not resized, in pixels."""
        return MINIMUM_SIZE

    @abstractmethod
    def stride(self, layer: str) -> int:
        """Side of the square of the picture that corresponds to one cell of a layer, in pixels."""

    @abstractmethod
    def is_stride_aligned(self, layer: str) -> bool:
        """Whether a layer's cells tile the picture exactly, beginning at its first pixel."""

    def upper_bounds(self, layer: str) -> np.ndarray | None:
        """The highest pre-activation of each filter over all pictures; None if unknown."""
        return None

    def fed(self, as_trained: bool) -> "Network":
        """The network that gets pictures as it was trained, or as the article of 2016 fed VGG16.

        The article subtracted nothing. Networks other than VGG16 are always fed as trained.
        """
        return self


class FilterResponse(ABC):
    """How filters of one layer respond to a batch of pictures: one filter per picture.

    Args:
        network: the network.
        layer: name of the layer.
    """

    def __init__(self, network: Network, layer: str) -> None:
        self._network = network
        self._layer = layer

    def pre_activations(self, pictures: tf.Tensor) -> tf.Tensor:
        """The pre-activations of each picture's filter: (batch, height, width) float32."""
        features = self._network.input_features(pictures, [self._layer])
        return self.from_features(features[self._layer])

    @abstractmethod
    def from_features(self, features: tf.Tensor) -> tf.Tensor:
        """The same, from the layer's input, which `Network.input_features` returns."""


class SeparateFilters(FilterResponse):
    """Filters of a convolution with stride 1 and padding `same`; no others are computed.

    Args:
        network, layer: see `FilterResponse`.
        kernel: (rows, columns, channels, filters), of all filters.
        bias: (filters,) float32, of all filters.
        filters: (batch,) int32, one filter for each picture.
    """

    def __init__(
        self, network: Network, layer: str, kernel: tf.Tensor, bias: tf.Tensor, filters: tf.Tensor
    ) -> None:
        super().__init__(network, layer)
        self._kernels = tf.transpose(tf.gather(kernel, filters, axis=3), [3, 0, 1, 2])
        self._biases = tf.gather(bias, filters)

    def from_features(self, features: tf.Tensor) -> tf.Tensor:
        """The pre-activations of each picture's filter."""
        return convolve_separately(features, self._kernels, self._biases)


def convolve_separately(features: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor) -> tf.Tensor:
    """Convolve each picture with its own filter.

    A layer computes all its filters for every picture, but a batch needs only one filter for each
    picture. So each tap of the kernel (a 3×3 kernel has nine) becomes a dot product at every
    cell, which is one matrix product for each picture. Then the products are shifted and summed.
    The result is the same convolution, with zeros beyond the border (padding `same`).

    Args:
        features: (batch, height, width, channels), the input of the layer.
        kernels: (batch, rows, columns, channels), one filter for each picture. Rows and columns are
            odd, and known when the graph is built. Products are computed in the kernels' type.
        biases: (batch,) float32.

    Returns:
        (batch, height, width) float32.
    """
    batch, height, width, channels = tf.unstack(tf.shape(features))
    rows, columns = kernels.shape[1:3]
    products = tf.matmul(
        tf.reshape(tf.cast(features, kernels.dtype), [batch, height * width, channels]),
        tf.reshape(kernels, [batch, rows * columns, channels]),
        transpose_b=True,
    )
    padded = tf.pad(
        tf.reshape(tf.cast(products, tf.float32), [batch, height, width, rows * columns]),
        [[0, 0], [rows // 2, rows // 2], [columns // 2, columns // 2], [0, 0]],
    )
    shifted = [
        padded[:, row : row + height, column : column + width, row * columns + column]
        for row in range(rows)
        for column in range(columns)
    ]
    return tf.add_n(shifted) + biases[:, tf.newaxis, tf.newaxis]


def from_rgb(pixels: tf.Tensor) -> tf.Tensor:
    """Pictures for a network, from those in files.

    Args:
        pixels: (batch, height, width, 3) uint8, RGB.

    Returns:
        The same shape, float32, BGR, grey levels.
    """
    return tf.cast(tf.reverse(pixels, axis=[-1]), tf.float32)


def preprocess(
    pictures: tf.Tensor,
    preprocessing: Preprocessing,
    channels: int = 3,
    colours: Sequence[int] | None = None,
) -> tf.Tensor:
    """Convert pictures to the input of a network: reorder, subtract the mean, divide by the std.

    Args:
        pictures: (batch, height, width, 3) float32, BGR, grey levels.
        preprocessing: the preprocessing that the network was trained with.
        channels: number of channels of the input. A single channel gets the luminance.
        colours: if there are more than three channels, the indices of those that get the three
            colours, in the order of the preprocessing. The others are 0.

    Returns:
        (batch, height, width, channels) float32.
    """
    if channels == 1:
        grey = tf.reduce_sum(pictures * tf.constant(LUMINANCE), axis=-1, keepdims=True)
        return (grey - preprocessing.mean[0]) / preprocessing.std[0]
    ordered = tf.reverse(pictures, axis=[-1]) if preprocessing.order == "rgb" else pictures
    if preprocessing not in (PREPROCESSINGS["raw_bgr"], PREPROCESSINGS["raw"]):
        ordered = (ordered - tf.constant(preprocessing.mean)) / tf.constant(preprocessing.std)
    if colours is None:
        return ordered
    return tf.tensordot(ordered, tf.one_hot(colours, channels), axes=1)
