"""VGG16's forward pass, cut off just below a layer.

Plain TensorFlow operations on the canonical tensors: the worker needs no Keras model, and only
the layers below the target are ever computed.
"""

from collections.abc import Iterable, Mapping

import tensorflow as tf

from filter_atlas.vgg16 import KERNEL_SIZE, layers_up_to


def features_below(pictures: tf.Tensor, layer: str, weights: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """What layer `layer` sees of some pictures: the activations below it, pooled where it is so.

    Args:
        pictures: (batch, height, width, 3) float32; channels are **BGR**, as the weights are.
            Values are what the network is fed; nothing is subtracted here.
        layer: Keras name of a convolution.
        weights: canonical weights, `<layer>/kernel` (HWIO) and `<layer>/bias`, float32.

    Returns:
        (batch, height / 2**pools, width / 2**pools, layer's input channels) float32.
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
        (batch, height, width, filters) float32.
    """
    products = tf.nn.conv2d(features, weights[f"{layer}/kernel"], strides=1, padding="SAME")
    return tf.nn.bias_add(products, weights[f"{layer}/bias"])


class Sight:
    """What the network makes of a batch of pictures, each seen by a filter of its own.

    Args:
        layer: Keras name of the layer.
        filters: (batch,) int32, index of each picture's filter.
        weights: canonical weights, float32.
    """

    def __init__(self, layer: str, filters: tf.Tensor, weights: Mapping[str, tf.Tensor]) -> None:
        kernels = tf.gather(weights[f"{layer}/kernel"], filters, axis=3)
        self._layer = layer
        self._weights = weights
        self._kernels = tf.transpose(kernels, [3, 0, 1, 2])
        self._biases = tf.gather(weights[f"{layer}/bias"], filters)

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        """Pre-activations of each picture's own filter: (batch, height, width) float32."""
        return self.of_features(features_below(pictures, self._layer, self._weights))

    def of_features(self, features: tf.Tensor) -> tf.Tensor:
        """The same, from what `features_below` has returned."""
        return own_pre_activations(features, self._kernels, self._biases)


def own_pre_activations(features: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor) -> tf.Tensor:
    """Each picture's pre-activation by its own filter, and by no other.

    A layer computes all its filters for every picture; a batch of pictures, one filter each,
    needs one of them a picture. So the kernel's nine taps are applied as nine dot products at
    every cell (one matrix product a picture), then shifted into place and summed: the same
    convolution, with zeros beyond the border (`same` padding).

    Args:
        features: (batch, height, width, channels) float32, from `features_below`.
        kernels: (batch, 3, 3, channels) float32, one filter per picture.
        biases: (batch,) float32.

    Returns:
        (batch, height, width) float32.
    """
    batch, height, width, channels = tf.unstack(tf.shape(features))
    taps = KERNEL_SIZE * KERNEL_SIZE
    products = tf.matmul(
        tf.reshape(features, [batch, height * width, channels]),
        tf.reshape(kernels, [batch, taps, channels]),
        transpose_b=True,
    )
    reach = KERNEL_SIZE // 2
    padded = tf.pad(
        tf.reshape(products, [batch, height, width, taps]),
        [[0, 0], [reach, reach], [reach, reach], [0, 0]],
    )
    shifted = [
        padded[:, row : row + height, column : column + width, row * KERNEL_SIZE + column]
        for row in range(KERNEL_SIZE)
        for column in range(KERNEL_SIZE)
    ]
    return tf.add_n(shifted) + biases[:, tf.newaxis, tf.newaxis]


def cell_side(layer: str) -> int:
    """Side of the square of pixels that one cell of a layer stands for."""
    return 1 << layers_up_to(layer)[-1].pools_before


def _pool(features: tf.Tensor, times: int) -> tf.Tensor:
    for _ in range(times):
        features = tf.nn.max_pool2d(features, ksize=2, strides=2, padding="VALID")
    return features
