"""A network's forward pass, cut off just below a layer: what every network offers, and VGG16's.

VGG16's is plain TensorFlow operations on the canonical tensors: the worker needs no Keras model,
and only the layers below the target are ever computed.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from filter_atlas.bounds import upper_bounds
from filter_atlas.feed import FEEDS, LUMINANCE, Feed
from filter_atlas.precision import Precision
from filter_atlas.vgg16 import LAYERS, layers_up_to


class Sight(Protocol):
    """What a network makes of a batch of pictures, each seen by a filter of its own."""

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        """Pre-activations of each picture's own filter: (batch, height, width) float32."""

    def of_features(self, features: tf.Tensor) -> tf.Tensor:
        """The same, from what the layer sees of the pictures, as `Network.below` returns it."""


class Network(ABC):
    """A network whose filters can be drawn.

    Pictures are (batch, height, width, 3) float32, **BGR**, in grey levels, nothing subtracted;
    a network that was trained on something else makes that of them.
    """

    @abstractmethod
    def below(self, pictures: tf.Tensor, layers: Iterable[str]) -> dict[str, tf.Tensor]:
        """What each of some layers sees of pictures, in one pass up to the deepest."""

    @abstractmethod
    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """A layer's pre-activations: (batch, height, width, filters) float32.

        Args:
            features: what the layer sees, from `below`.
            layer: its name.
            filters: (filters,) int32, indices of those that are asked for; None for all.
        """

    @abstractmethod
    def sight(self, layer: str, filters: tf.Tensor) -> Sight:
        """The sight of filters `filters`, (batch,) int32, of a layer: one for each picture."""

    @abstractmethod
    def cell_side(self, layer: str) -> int:
        """Side of the square of pixels that one cell of a layer stands for."""

    @abstractmethod
    def aligned(self, layer: str) -> bool:
        """Whether a layer's cells tile the picture, the first one beginning at its corner."""

    def upper_bounds(self, layer: str) -> np.ndarray | None:
        """The highest pre-activation of each filter over all pictures; None where unknown."""
        return None


class Vgg16(Network):
    """VGG16's convolutional part.

    Args:
        weights: canonical weights as tensors, `<layer>/kernel` (HWIO) and `<layer>/bias`, float32.
        precision: what all convolutions but the first compute in. The first stays float32: it is
            cheap, and bfloat16 is too coarse for the small changes of a picture that it sees.
    """

    def __init__(self, weights: Mapping[str, tf.Tensor], precision: Precision = "float32") -> None:
        exact = f"{LAYERS[0].name}/kernel"
        self.weights = {
            name: tf.cast(one, precision) if name.endswith("/kernel") and name != exact else one
            for name, one in weights.items()
        }

    def below(self, pictures: tf.Tensor, layers: Iterable[str]) -> dict[str, tf.Tensor]:
        """See `features_below_each`."""
        return features_below_each(pictures, layers, self.weights)

    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """See `all_pre_activations`; only the filters that are asked for are computed."""
        asked: Mapping[str, tf.Tensor] = self.weights
        if filters is not None:
            asked = {
                f"{layer}/kernel": tf.gather(self.weights[f"{layer}/kernel"], filters, axis=3),
                f"{layer}/bias": tf.gather(self.weights[f"{layer}/bias"], filters),
            }
        return tf.cast(all_pre_activations(features, layer, asked), tf.float32)

    def sight(self, layer: str, filters: tf.Tensor) -> Sight:
        """One filter a picture; no others are computed."""
        return _Vgg16Sight(layer, filters, self.weights)

    def cell_side(self, layer: str) -> int:
        """2 to the power of the poolings before the layer."""
        return cell_side(layer)

    def aligned(self, layer: str) -> bool:
        """Always: padding is `same` and poolings leave nothing over."""
        return True

    def upper_bounds(self, layer: str) -> np.ndarray | None:
        """See `bounds.upper_bounds`."""
        return upper_bounds(layer, {name: one.numpy() for name, one in self.weights.items()})


def features_below(pictures: tf.Tensor, layer: str, weights: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """What layer `layer` sees of some pictures: the activations below it, pooled where it is so.

    Args:
        pictures: (batch, height, width, 3) float32; channels are **BGR**, as the weights are.
            Values are what the network is fed; nothing is subtracted here.
        layer: Keras name of a convolution.
        weights: canonical weights, `<layer>/kernel` (HWIO) and `<layer>/bias`. A convolution
            computes in the type of its kernel.

    Returns:
        (batch, height / 2**pools, width / 2**pools, layer's input channels), in the type of the
        kernel of the convolution below.
    """
    return features_below_each(pictures, [layer], weights)[layer]


def features_below_each(
    pictures: tf.Tensor, layers: Iterable[str], weights: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """What each of several layers sees of some pictures, in one pass up to the deepest.

    Args:
        pictures: as for `features_below`.
        layers: Keras names of convolutions; at least one.
        weights: as for `features_below`.

    Returns:
        What `features_below` returns, for each layer.
    """
    wanted = set(layers)
    deepest = max((layers_up_to(layer) for layer in wanted), key=len)
    seen: dict[str, tf.Tensor] = {}
    features, pools = pictures, 0
    for convolution in deepest:
        features = _pool(features, convolution.pools_before - pools)
        pools = convolution.pools_before
        if convolution.name in wanted:
            seen[convolution.name] = features
        if len(seen) < len(wanted):
            features = tf.nn.relu(all_pre_activations(features, convolution.name, weights))
    return seen


def all_pre_activations(
    features: tf.Tensor, layer: str, weights: Mapping[str, tf.Tensor]
) -> tf.Tensor:
    """The pre-activations of all filters of a layer.

    Args:
        features: from `features_below`.
        layer: Keras name of the layer.
        weights: canonical weights.

    Returns:
        (batch, height, width, filters), in the type of the layer's kernel.
    """
    kernel = weights[f"{layer}/kernel"]
    products = tf.nn.conv2d(tf.cast(features, kernel.dtype), kernel, strides=1, padding="SAME")
    return tf.nn.bias_add(products, tf.cast(weights[f"{layer}/bias"], kernel.dtype))


class _Vgg16Sight:
    """What VGG16 makes of a batch of pictures, each seen by a filter of its own.

    Args:
        layer: Keras name of the layer.
        filters: (batch,) int32, index of each picture's filter.
        weights: canonical weights.
    """

    def __init__(self, layer: str, filters: tf.Tensor, weights: Mapping[str, tf.Tensor]) -> None:
        kernels = tf.gather(weights[f"{layer}/kernel"], filters, axis=3)
        self._layer = layer
        self._weights = weights
        self._kernels = tf.transpose(kernels, [3, 0, 1, 2])
        self._biases = tf.gather(weights[f"{layer}/bias"], filters)

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        return self.of_features(features_below(pictures, self._layer, self._weights))

    def of_features(self, features: tf.Tensor) -> tf.Tensor:
        return own_pre_activations(features, self._kernels, self._biases)


def own_pre_activations(features: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor) -> tf.Tensor:
    """Each picture's pre-activation by its own filter, and by no other.

    A layer computes all its filters for every picture; a batch of pictures, one filter each,
    needs one of them a picture. So the kernel's taps (nine, if it is 3×3) are applied as so many
    dot products at every cell (one matrix product a picture), then shifted into place and summed:
    the same convolution, with zeros beyond the border (`same` padding).

    Args:
        features: (batch, height, width, channels), from `features_below`.
        kernels: (batch, rows, columns, channels), one filter per picture; rows and columns are odd
            and known when the graph is built. Products are of their type.
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


def fed(
    pictures: tf.Tensor, feed: Feed, channels: int = 3, places: Sequence[int] | None = None
) -> tf.Tensor:
    """What a network is fed of pictures: in its order, less its mean, divided by its deviation.

    Args:
        pictures: (batch, height, width, 3) float32, BGR, grey levels.
        feed: what the network was trained on.
        channels: how many it takes; one is fed the luminance.
        places: which of more than three are the feed's three, in its order; the others are 0.

    Returns:
        (batch, height, width, channels) float32.
    """
    if channels == 1:
        grey = tf.reduce_sum(pictures * tf.constant(LUMINANCE), axis=-1, keepdims=True)
        return (grey - feed.mean[0]) / feed.deviation[0]
    ordered = tf.reverse(pictures, axis=[-1]) if feed.order == "rgb" else pictures
    if feed != FEEDS["raw_bgr"] and feed != FEEDS["raw"]:
        ordered = (ordered - tf.constant(feed.mean)) / tf.constant(feed.deviation)
    if places is None:
        return ordered
    return tf.tensordot(ordered, tf.one_hot(places, channels), axes=1)


def cell_side(layer: str) -> int:
    """Side of the square of pixels that one cell of a layer stands for."""
    return 1 << layers_up_to(layer)[-1].pools_before


def _pool(features: tf.Tensor, times: int) -> tf.Tensor:
    for _ in range(times):
        features = tf.nn.max_pool2d(features, ksize=2, strides=2, padding="VALID")
    return features
