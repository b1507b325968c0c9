"""The kernels of convolutions, and what each channel of an input adds to a filter at one cell.

A pre-activation is a sum: over the taps of the kernel, and over the channels of the input, of
weight times activation; and a bias. The *contribution* of a channel is its part of this sum.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import tensorflow as tf

Padding = Literal["valid", "same"]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A convolution, with the batch norms that follow it folded into it.

    Attributes:
        weights: (rows, columns, channels of a group, filters) float32.
        bias: (filters,) float32.
        strides: cells of the input from one cell of the output to the next, down and across.
        dilation: cells of the input from one tap to the next, down and across.
        padding: TensorFlow's `same` or `valid`.
        groups: number of equal parts of the channels, and of the filters. A filter sees only the
            channels of its own group: in a depthwise convolution, one.
    """

    weights: np.ndarray
    bias: np.ndarray
    strides: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = "same"
    groups: int = 1

    @property
    def filters(self) -> int:
        """Number of filters."""
        return int(self.weights.shape[3])

    @property
    def channels(self) -> int:
        """Number of channels of the input."""
        return int(self.weights.shape[2]) * self.groups

    @cached_property
    def by_filter(self) -> np.ndarray:
        """The weights of each filter: (filters, rows, columns, channels of a group)."""
        return np.ascontiguousarray(self.weights.transpose(3, 0, 1, 2))

    def seen_by(self, filters: Any) -> Any:
        """The first channel that filters see, by their indices: an array or a tensor."""
        return filters // (self.filters // self.groups) * self.weights.shape[2]

    def of_filter(self, index: int) -> np.ndarray:
        """The weights of a filter on all channels: (rows, columns, channels) float32."""
        rows, columns, seen, _ = self.weights.shape
        first = self.seen_by(index)
        found = np.zeros((rows, columns, self.channels), np.float32)
        found[:, :, first : first + seen] = self.weights[..., index]
        return found

    def of_channel(self, channel: int) -> np.ndarray:
        """The weights of all filters on a channel: (rows, columns, filters) float32."""
        rows, columns, seen, filters = self.weights.shape
        group, place = divmod(channel, seen)
        own = slice(group * filters // self.groups, (group + 1) * filters // self.groups)
        found = np.zeros((rows, columns, filters), np.float32)
        found[..., own] = self.weights[:, :, place, own]
        return found

    @property
    def reach(self) -> tuple[int, int]:
        """Rows and columns of the input from the first tap to the last one, inclusive."""
        rows, columns = (
            (taps - 1) * step + 1
            for taps, step in zip(self.weights.shape[:2], self.dilation, strict=True)
        )
        return rows, columns


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
