"""What each channel of a layer's input contributes to its filters, and whether weights tell it."""

from dataclasses import dataclass

import numpy as np

from filter_atlas.circuits.tiles import to_tile
from filter_atlas.networks.kernels import Kernel

FEWEST = 4
"""Minimum number of channels for which it is said that two lists disagree."""


@dataclass(frozen=True)
class Contribution:
    """What a channel of a layer's input contributes to a filter.

    Attributes:
        channel: its place in the input.
        value: how much it adds to the pre-activation.
        tile: the weights of the filter on it as a text; see `tiles`.
    """

    channel: int
    value: float
    tile: str


@dataclass(frozen=True)
class Fed:
    """What feeds a filter at the cells in which it fires: on its picture, or on its exemplars.

    Attributes:
        cells: number of cells: one on its picture, one on each exemplar.
        pre_activation: its pre-activation there; the mean over the cells, as all numbers.
        error: the difference between this and the sum of all contributions and the bias, as a share
            of the sum of their absolute values.
        excitatory: the channels of the layer's input that contribute most.
        inhibitory: the same for negative contributions.
        agreement: number of channels among `excitatory` that are among as many excitatory channels
            with the greatest weights.
    """

    cells: int
    pre_activation: float
    error: float
    excitatory: tuple[Contribution, ...]
    inhibitory: tuple[Contribution, ...]
    agreement: int

    @property
    def share(self) -> float:
        """The agreement as a share of the channels that are listed; 1 if none is."""
        return self.agreement / len(self.excitatory) if self.excitatory else 1.0

    @property
    def disagrees(self) -> bool:
        """Whether most channels that contribute much are not those with the greatest weights."""
        return len(self.excitatory) >= FEWEST and self.share < 0.5


def fed(
    contributions: np.ndarray,
    pre_activation: float,
    cells: int,
    kernel: Kernel,
    index: int,
    most: int,
) -> Fed:
    """What feeds a filter.

    Args:
        contributions: (channels,) float32, what each channel of the layer's input adds.
        pre_activation: pre-activation of the filter at the same cells.
        cells: number of these cells.
        kernel: the kernel of the layer.
        index: index of the filter.
        most: maximum number of channels of either sign.
    """
    values = contributions.astype(np.float64)
    bias = float(kernel.bias[index])
    size = float(np.abs(values).sum()) + abs(bias)
    difference = abs(float(values.sum()) + bias - pre_activation)
    own = kernel.of_filter(index)
    excitatory, inhibitory = (_strongest(values, own, sign, most) for sign in (1, -1))
    by_weight = strongest_by_weight(own, len(excitatory))
    return Fed(
        cells,
        pre_activation,
        difference / size if size else 0.0,
        excitatory,
        inhibitory,
        len({one.channel for one in excitatory} & set(by_weight)),
    )


def strongest_by_weight(kernel: np.ndarray, most: int) -> list[int]:
    """The excitatory channels of a filter with the greatest norms; strongest first.

    Args:
        kernel: (rows, columns, channels), the filter.
        most: maximum number of channels.
    """
    norms = np.sqrt(np.square(kernel.astype(np.float64)).sum(axis=(0, 1)))
    norms[kernel.sum(axis=(0, 1)) <= 0] = 0
    order = np.argsort(-norms, kind="stable")[:most]
    return [int(channel) for channel in order if norms[channel] > 0]


def _strongest(
    values: np.ndarray, kernel: np.ndarray, sign: int, most: int
) -> tuple[Contribution, ...]:
    order = np.argsort(-sign * values, kind="stable")[:most]
    return tuple(
        Contribution(
            int(channel), float(np.float32(values[channel])), to_tile(kernel[..., channel])
        )
        for channel in order
        if sign * values[channel] > 0
    )
