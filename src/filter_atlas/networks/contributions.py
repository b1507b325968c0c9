"""What each channel of a layer's input adds to a filter at one cell.

A pre-activation is a sum: over the taps of the kernel, and over the channels of the input, of
weight times activation; and a bias. The *contribution* of a channel is its part of this sum.
"""

import numpy as np
import tensorflow as tf

from filter_atlas.networks.kernels import Kernel


def contributions(
    features: tf.Tensor, kernel: Kernel, places: tf.Tensor, filters: tf.Tensor
) -> tf.Tensor:
    """What each channel of a layer's input adds to the pre-activation of filters at single cells.

    Args:
        features: (batch, height, width, channels), the layer's input.
        kernel: the layer's kernel.
        places: (places, 3) int32: place in the batch, row and column of the layer's output.
        filters: (places,) int32, the filter at each place.

    Returns:
        (places, channels) float32. The sum over the channels, with the bias of the filter, is its
        pre-activation.
    """
    rows, columns = (
        places[:, 1 + axis, tf.newaxis] * kernel.strides[axis]
        + np.arange(kernel.weights.shape[axis], dtype=np.int32) * kernel.dilation[axis]
        for axis in (0, 1)
    )
    # The sums with zeros give all three the shape (places, rows, columns).
    rows = rows[:, :, tf.newaxis] + tf.zeros_like(columns)[:, tf.newaxis, :]
    columns = columns[:, tf.newaxis, :] + tf.zeros_like(rows)
    batch = places[:, 0, tf.newaxis, tf.newaxis] + tf.zeros_like(rows)
    windows = tf.gather_nd(_padded(features, kernel), tf.stack([batch, rows, columns], axis=-1))
    windows = tf.cast(windows, tf.float32)
    weights = tf.gather(kernel.by_filter, filters)
    if kernel.groups == 1:
        return tf.reduce_sum(windows * weights, axis=[1, 2])
    # The channels that each filter sees, and afterwards the same among all channels.
    in_group = np.arange(kernel.weights.shape[2], dtype=np.int32)
    seen = tf.cast(kernel.seen_by(filters), tf.int32)[:, tf.newaxis] + in_group
    windows = tf.gather(windows, seen, axis=3, batch_dims=1)
    rows = tf.range(tf.shape(seen)[0])[:, tf.newaxis] + tf.zeros_like(seen)
    return tf.scatter_nd(
        tf.stack([rows, seen], axis=-1),
        tf.reduce_sum(windows * weights, axis=[1, 2]),
        [tf.shape(seen)[0], kernel.channels],
    )


def _padded(features: tf.Tensor, kernel: Kernel) -> tf.Tensor:
    """The input with the zeros that the convolution sees beyond its border."""
    if kernel.padding == "valid":
        return features
    ends = []
    for side, stride, reach in zip(
        tf.unstack(tf.shape(features)[1:3]), kernel.strides, kernel.reach, strict=True
    ):
        # TensorFlow's `same`: the odd cell is at the end.
        missing = tf.maximum(((side - 1) // stride) * stride + reach - side, 0)
        ends.append([missing // 2, missing - missing // 2])
    return tf.pad(features, [[0, 0], *ends, [0, 0]])
