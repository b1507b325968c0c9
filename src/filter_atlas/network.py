"""VGG16's forward pass, cut off just below a layer.

Plain TensorFlow operations on the canonical tensors: the worker needs no Keras model, and only
the layers below the target are ever computed.
"""

from collections.abc import Mapping

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
    features = pictures
    pools = 0
    *below, target = layers_up_to(layer)
    for convolution in below:
        features = _pool(features, convolution.pools_before - pools)
        pools = convolution.pools_before
        pre_activation = tf.nn.conv2d(
            features, weights[f"{convolution.name}/kernel"], strides=1, padding="SAME"
        )
        features = tf.nn.relu(tf.nn.bias_add(pre_activation, weights[f"{convolution.name}/bias"]))
    return _pool(features, target.pools_before - pools)


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


def _pool(features: tf.Tensor, times: int) -> tf.Tensor:
    for _ in range(times):
        features = tf.nn.max_pool2d(features, ksize=2, strides=2, padding="VALID")
    return features
