"""The kernels of convolutions, as plain arrays (no TensorFlow)."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

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
