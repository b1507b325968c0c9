"""The strongest sources and targets of filters, by weight.

The part of a filter's kernel that belongs to one lower filter is a slice: a weight for each tap. As
in Distill's weight explorer (C. Voss et al., "Visualizing Weights", 2021), slices are ordered by
their norm, the root of the sum of squares. The sum of a slice decides its sign: above 0, the lower
filter *excites* the filter; below 0, it *inhibits* it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from filter_atlas.circuits.tiles import to_tile
from filter_atlas.networks.kernels import Kernel
from filter_atlas.networks.sources import Source, by_layer


@dataclass(frozen=True)
class Neighbour:
    """A filter below another one, or above it, and the weights between the two.

    Attributes:
        layer: name of its layer; empty for the picture.
        filter: its index.
        weight: the sum of the weights.
        norm: the root of the sum of their squares.
        tile: the weights as a text; see `tiles`.
    """

    layer: str
    filter: int
    weight: float
    norm: float
    tile: str


@dataclass(frozen=True, eq=False)
class Slices:
    """The weights of a layer's filters on the filters of one source.

    Attributes:
        source: name of the source.
        kernel: the kernel of the layer.
        ways: the ways from the source to the layer; they are added up.
    """

    source: str
    kernel: Kernel
    ways: Sequence[Source]

    def on_sources(self, index: int) -> np.ndarray:
        """The weights of one filter: (rows, columns, filters of the source) float32."""
        kernel = self.kernel.of_filter(index)
        count = 1 + max(int(way.filters.max()) for way in self.ways)
        total = np.zeros((*kernel.shape[:2], count), np.float32)
        for way in self.ways:
            own = way.filters >= 0
            scaled = kernel[:, :, own] * way.factors[own]
            np.add.at(np.moveaxis(total, 2, 0), way.filters[own], np.moveaxis(scaled, 2, 0))
        return total

    def from_source(self, index: int) -> np.ndarray:
        """The weights of all filters on one filter of the source: (rows, columns, filters)."""
        rows, columns, _, filters = self.kernel.weights.shape
        total = np.zeros((rows, columns, filters), np.float32)
        for way in self.ways:
            for channel in np.flatnonzero(way.filters == index):
                total += self.kernel.of_channel(int(channel)) * way.factors[channel]
        return total


def slices(kernel: Kernel, sources: Sequence[Source]) -> list[Slices]:
    """The weights of a layer's filters on the filters of each source.

    Args:
        kernel: the kernel of the layer.
        sources: what feeds it.
    """
    return [Slices(name, kernel, ways) for name, ways in by_layer(sources).items()]


@dataclass(frozen=True)
class Strongest:
    """The strongest filters below or above one filter, by weight; strongest first.

    Attributes:
        excitatory: those with a positive weight.
        inhibitory: those with a negative weight.
    """

    excitatory: tuple[Neighbour, ...] = ()
    inhibitory: tuple[Neighbour, ...] = ()


def strongest_sources(
    parts: Sequence[Slices], filters: Sequence[int], most: int
) -> dict[int, Strongest]:
    """The strongest sources of filters, by index of the filter.

    Args:
        parts: the weights on each source.
        filters: indices of the filters.
        most: maximum number of sources of either sign.
    """
    return {
        index: strongest([(one.source, one.on_sources(index)) for one in parts], most)
        for index in filters
    }


def strongest_targets(
    parts: Mapping[str, Slices], filters: Sequence[int], most: int
) -> dict[int, Strongest]:
    """The strongest targets of filters, by index of the filter.

    Args:
        parts: the weights of the layers above on the filters' layer, by the name of the layer.
        filters: indices of the filters.
        most: maximum number of targets of either sign.
    """
    return {
        index: strongest([(layer, one.from_source(index)) for layer, one in parts.items()], most)
        for index in filters
    }


def strongest(kernels: Sequence[tuple[str, np.ndarray]], most: int) -> Strongest:
    """The strongest filters of some layers.

    Args:
        kernels: for each layer its name, and (rows, columns, filters), the weights of its filters.
        most: maximum number of filters of either sign.
    """
    return Strongest(*(tuple(_ordered(kernels, most, sign)) for sign in (1, -1)))


def _ordered(
    kernels: Sequence[tuple[str, np.ndarray]], most: int, sign: int
) -> Iterator[Neighbour]:
    found = []
    for place, (_, kernel) in enumerate(kernels):
        sums, norms = kernel.sum(axis=(0, 1)), np.sqrt(np.square(kernel).sum(axis=(0, 1)))
        found += [
            (-float(norms[index]), place, int(index), float(sums[index]))
            for index in np.flatnonzero(sign * sums > 0)
        ]
    for norm, place, index, total in sorted(found)[:most]:
        layer, kernel = kernels[place]
        yield Neighbour(layer, index, total, -norm, to_tile(kernel[..., index]))
