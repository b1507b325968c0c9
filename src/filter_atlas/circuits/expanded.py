"""Expanded weights: the kernel of a filter over several layers, as if the network were linear.

After C. Voss et al., "Visualizing Weights" (Distill 2021). Between two convolutions an activation
lets everything through and a maximum pooling is an average (`filter_atlas.networks.sources`). Then
a filter is a linear function of any layer below, and its weights are an *expanded kernel*: the
gradient of the linearised network. They are exact away from the border of the map, for maps whose
sides are multiples of all strides. They mislead where contexts cancel: what never happens together
in pictures counts, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from filter_atlas.networks.base import Network
from filter_atlas.networks.kernels import Kernel, Padding
from filter_atlas.networks.sources import PICTURE, NoSources, Source, Step

LARGEST = 16
"""Kernels are expanded down to pixels if they have at most this number of rows and of columns."""


@dataclass(frozen=True, eq=False)
class Expanded:
    """Expanded kernels of some filters on one layer below.

    Attributes:
        weights: (filters, rows, columns, channels) float32; channels are the filters of the layer
            below, before their activation, or the channels of the network's input.
        top: row of the first weights in the map of the layer below, if the cell of the filters is
            in row 0; usually negative.
        left: the same for columns.
    """

    weights: np.ndarray
    top: int
    left: int

    def plus(self, other: "Expanded") -> "Expanded":
        """The sum of two kernels on the same layer."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        rows, columns = (
            max(first + one.weights.shape[axis] for one, first in ((self, a), (other, b)))
            for axis, a, b in ((1, self.top, other.top), (2, self.left, other.left))
        )
        filters, channels = self.weights.shape[0], self.weights.shape[3]
        total = np.zeros((filters, rows - top, columns - left, channels), np.float32)
        for one in (self, other):
            _, height, width, _ = one.weights.shape
            down, across = one.top - top, one.left - left
            total[:, down : down + height, across : across + width] += one.weights
        return Expanded(total, top, left)


class Expander:
    """Expands the kernels of a network's filters.

    Args:
        network: the network.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._kernel = lru_cache(maxsize=None)(network.kernel)

    def expand(
        self, layer: str, filters: np.ndarray, depth: int
    ) -> list[dict[str, Expanded]] | NoSources:
        """The expanded kernels over one layer, two layers, and so on.

        Args:
            layer: name of the layer.
            filters: (filters,) int, their indices.
            depth: maximum number of convolutions that a kernel goes through.

        Returns:
            For each number of convolutions, from 1: the kernels on the layers below, by name. It
            ends where only the picture is below. The reason, if something is not linearised.
        """
        found: list[dict[str, Expanded]] = []
        reached: Mapping[str, Expanded] = {layer: self._own(layer, filters)}
        while len(found) < depth and any(name != PICTURE for name in reached):
            below = self._below(reached)
            if isinstance(below, NoSources):
                return found or below
            found.append(below)
            reached = below
        return found

    def to_pixels(self, layer: str, filters: np.ndarray) -> np.ndarray | None:
        """The expanded kernels on the network's input: (filters, rows, columns, channels) float32.

        None if they are larger than `LARGEST`, or if something is not linearised.
        """
        reached: Mapping[str, Expanded] = {layer: self._own(layer, filters[:1])}
        if not self._reaches_pixels(reached):
            return None
        reached = {layer: self._own(layer, filters)}
        pixels: Expanded | None = None
        while reached:
            below = self._below(reached)
            assert not isinstance(below, NoSources)  # as for the first filter
            found = below.pop(PICTURE, None)
            pixels = found if pixels is None or found is None else pixels.plus(found)
            reached = below
        return pixels.weights if pixels else None

    def _reaches_pixels(self, reached: Mapping[str, Expanded]) -> bool:
        while reached:
            below = self._below(reached)
            if isinstance(below, NoSources) or any(
                max(one.weights.shape[1:3]) > LARGEST for one in below.values()
            ):
                return False
            below.pop(PICTURE, None)
            reached = below
        return True

    def _own(self, layer: str, filters: np.ndarray) -> Expanded:
        """The filters as functions of their own layer."""
        count = self._kernel(layer).filters
        return Expanded(np.eye(count, dtype=np.float32)[filters][:, np.newaxis, np.newaxis], 0, 0)

    def _below(self, reached: Mapping[str, Expanded]) -> dict[str, Expanded] | NoSources:
        """The kernels on the sources of all layers that have been reached."""
        below: dict[str, Expanded] = {}
        for layer, one in reached.items():
            if layer == PICTURE:
                continue
            sources = self._network.sources(layer)
            if isinstance(sources, NoSources):
                return sources
            at_input = _through_convolution(one, self._kernel(layer))
            for source in sources:
                part = _through_source(at_input, source)
                known = below.get(source.layer)
                below[source.layer] = part if known is None else known.plus(part)
        return below


def _through_convolution(one: Expanded, kernel: Kernel) -> Expanded:
    """From a convolution's output to its input."""
    weights, groups = kernel.weights, kernel.groups
    filters, height, width, _ = one.weights.shape
    grouped = one.weights.reshape(filters, height, width, groups, -1)

    def at(row: int, column: int) -> np.ndarray:
        tap = weights[row, column]
        if groups == 1:
            product: np.ndarray = one.weights @ tap.T
            return product
        parts: np.ndarray = np.einsum(
            "nhwgf,cgf->nhwgc", grouped, tap.reshape(len(tap), groups, -1)
        )
        return parts.reshape(filters, height, width, kernel.channels)

    taps = ((row, column) for row in range(weights.shape[0]) for column in range(weights.shape[1]))
    pieces = ((row * kernel.dilation[0], column * kernel.dilation[1], at(row, column))
              for row, column in taps)  # fmt: skip
    return _spread(one, pieces, kernel.reach, kernel.strides, kernel.padding)


def _through_source(one: Expanded, source: Source) -> Expanded:
    """From a convolution's input to the output of one of its sources."""
    is_own = source.filters >= 0
    count = int(source.filters.max()) + 1
    routed = np.zeros((*one.weights.shape[:3], count), np.float32)
    scaled = one.weights[..., is_own] * source.factors[is_own]
    np.add.at(np.moveaxis(routed, 3, 0), source.filters[is_own], np.moveaxis(scaled, 3, 0))
    found = Expanded(routed, one.top, one.left)
    for step in reversed(source.steps):
        found = _through_step(found, step)
    return found


def _through_step(one: Expanded, step: Step) -> Expanded:
    if step.size != (1, 1) or step.strides != (1, 1):
        rows, columns = step.size
        mean = one.weights / np.float32(rows * columns)
        pieces = ((row, column, mean) for row in range(rows) for column in range(columns))
        return _spread(one, pieces, step.size, step.strides, step.padding)
    if step.times != (1, 1):
        return _gathered(one, step.times)
    return Expanded(one.weights, one.top - step.before[0], one.left - step.before[1])


def _spread(
    one: Expanded,
    pieces: Iterable[tuple[int, int, np.ndarray]],
    reach: tuple[int, int],
    strides: tuple[int, int],
    padding: Padding,
) -> Expanded:
    """Add up what each tap of a window gives to the cells that it sees.

    Args:
        one: the kernel on the windows.
        pieces: place of each tap in its window, and (filters, rows, columns, channels), what it
            gives for each window.
        reach: rows and columns of a window.
        strides: cells from one window to the next.
        padding: padding of the windows.
    """
    filters, height, width, _ = one.weights.shape
    down, across = strides
    total: np.ndarray | None = None
    for row, column, piece in pieces:
        if total is None:
            rows, columns = (height - 1) * down + reach[0], (width - 1) * across + reach[1]
            total = np.zeros((filters, rows, columns, piece.shape[3]), np.float32)
        total[
            :,
            row : row + (height - 1) * down + 1 : down,
            column : column + (width - 1) * across + 1 : across,
        ] += piece
    assert total is not None  # a window has at least one tap
    before = [
        max(size - stride, 0) // 2 if padding == "same" else 0
        for size, stride in zip(reach, strides, strict=True)
    ]
    return Expanded(total, one.top * down - before[0], one.left * across - before[1])


def _gathered(one: Expanded, times: tuple[int, int]) -> Expanded:
    """From a map whose cells are repeated to the map before."""
    weights, firsts = one.weights, []
    for axis, (first, count) in enumerate(zip((one.top, one.left), times, strict=True), start=1):
        places = (np.arange(weights.shape[axis]) + first) // count
        firsts.append(int(places[0]))
        along = np.moveaxis(weights, axis, 0)
        summed = np.zeros((int(places[-1] - places[0]) + 1, *along.shape[1:]), np.float32)
        np.add.at(summed, places - places[0], along)
        weights = np.moveaxis(summed, 0, axis)
    return Expanded(weights, firsts[0], firsts[1])
