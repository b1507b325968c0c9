"""The circuits of all filters of one layer."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from filter_atlas.circuits.agreement import Fed, fed
from filter_atlas.circuits.clusters import find_families
from filter_atlas.circuits.exemplars import OnExemplars
from filter_atlas.circuits.expanded import Expanded, Expander
from filter_atlas.circuits.family import DEPTH
from filter_atlas.circuits.record import FarSource, FilterCircuit, LayerCircuits, LayerSource
from filter_atlas.circuits.tiles import to_colour_tile
from filter_atlas.circuits.wiring import (
    Neighbour,
    Slices,
    Strongest,
    slices,
    strongest,
    strongest_sources,
    strongest_targets,
)
from filter_atlas.measure.contributions import LayerContributions
from filter_atlas.networks.base import Network
from filter_atlas.networks.sources import NoSources, Source, by_layer

Found = TypeVar("Found")

MOST = 10
"""Maximum number of neighbours of either sign in a list."""

FAR = 3
"""Maximum number of filters of either sign two, and three, convolutions below."""

GROUP = 16
"""Number of filters whose kernels are expanded together."""


@dataclass(frozen=True)
class Computed:
    """What computed the circuits: see the fields of `LayerCircuits`."""

    weights_digest: str
    device: str
    versions: Mapping[str, str]


def wire(network: Network, layers: Sequence[str]) -> dict[str, list[Slices] | NoSources]:
    """The weights of layers on their sources, by name; or why the sources are not known."""
    found: dict[str, list[Slices] | NoSources] = {}
    for layer in layers:
        sources = network.sources(layer)
        if isinstance(sources, NoSources):
            found[layer] = sources
        else:
            found[layer] = slices(network.kernel(layer), sources)
    return found


def layer_circuits(
    layer: str,
    network: Network,
    wired: Mapping[str, list[Slices] | NoSources],
    on_pictures: LayerContributions,
    on_exemplars: Mapping[tuple[str, int], OnExemplars],
    twins: Sequence[int],
    pool: Executor,
    computed: Computed,
) -> LayerCircuits:
    """The circuits of the drawn filters of a layer.

    Args:
        layer: name of the layer.
        network: the network.
        wired: the weights of all drawn layers on their sources.
        on_pictures: what feeds the filters on their own pictures.
        on_exemplars: what feeds filters on the photographs that fire them most.
        twins: indices of the filters that have a twin.
        pool: runs parts of the work at the same time.
        computed: what computes.
    """
    filters = on_pictures.filters.tolist()
    kernel = network.kernel(layer)
    own = wired[layer]
    sources = network.sources(layer)
    refusal = own.reason if isinstance(own, NoSources) else None
    below = {} if isinstance(own, NoSources) else strongest_sources(own, filters, MOST)
    above_parts = {
        name: part
        for name, parts in wired.items()
        if not isinstance(parts, NoSources)
        for part in parts
        if part.source == layer
    }
    above = strongest_targets(above_parts, filters, MOST)
    rows = [on_exemplars.get((layer, index)) for index in filters]
    values = [
        found.values if found else own_values
        for found, own_values in zip(rows, on_pictures.values, strict=True)
    ]
    expanded, pixels = _expand(Expander(network), layer, filters, pool)
    circuits = {}
    for place, (index, exemplars) in enumerate(zip(filters, rows, strict=True)):
        on_picture = fed(
            on_pictures.values[place],
            float(on_pictures.pre_activations[place]),
            1,
            kernel,
            index,
            MOST,
        )
        natural: Fed | None = None
        if exemplars:
            natural = fed(
                exemplars.values,
                exemplars.pre_activation,
                exemplars.photographs,
                kernel,
                index,
                MOST,
            )
        circuits[index] = FilterCircuit(
            below.get(index, Strongest()),
            above[index],
            on_picture,
            natural,
            expanded.get(index, ()),
            pixels.get(index, ()),
        )
    return LayerCircuits(
        layer=layer,
        refusal=refusal,
        sources=() if isinstance(sources, NoSources) else _listed(sources, wired),
        targets=tuple(above_parts),
        channels=network.colours,
        families=find_families(filters, np.stack(values)),
        twins=tuple(sorted(set(twins) & set(filters))),
        weights_digest=computed.weights_digest,
        device=computed.device,
        versions=dict(computed.versions),
        filters=circuits,
    )


def _listed(sources: Sequence[Source], drawn: Mapping[str, object]) -> tuple[LayerSource, ...]:
    ways = by_layer(sources)
    return tuple(
        LayerSource(way.layer, way.between, tuple(way.filters.tolist()), way.layer in drawn)
        for name in ways
        for way in ways[name]
    )


def _expand(
    expander: Expander, layer: str, filters: Sequence[int], pool: Executor
) -> tuple[dict[int, tuple[FarSource, ...]], dict[int, tuple[str, ...]]]:
    """The far sources of filters, and their weights on pixels, by index."""
    groups = [filters[first : first + GROUP] for first in range(0, len(filters), GROUP)]

    def expand(group: Sequence[int]) -> list[tuple[FarSource, ...]]:
        kernels = expander.expand(layer, np.array(group), DEPTH)
        if isinstance(kernels, NoSources):
            return [()] * len(group)
        return [
            tuple(
                FarSource(convolutions, neighbour)
                for convolutions, below in enumerate(kernels, start=1)
                if convolutions > 1
                for neighbour in _far(below, place)
            )
            for place in range(len(group))
        ]

    def colours(group: Sequence[int]) -> list[tuple[str, ...]]:
        pixels = expander.to_pixels(layer, np.array(group))
        return [()] * len(group) if pixels is None else [to_colour_tile(one) for one in pixels]

    return _mapped(pool, expand, groups), _mapped(pool, colours, groups)


def _mapped(
    pool: Executor, compute: Callable[[Sequence[int]], list[Found]], groups: Sequence[Sequence[int]]
) -> dict[int, Found]:
    """The results of filters by their index, computed for each group."""
    found = pool.map(compute, groups)
    return {
        index: one
        for group, results in zip(groups, found, strict=True)
        for index, one in zip(group, results, strict=True)
    }


def _far(below: Mapping[str, Expanded], place: int) -> list[Neighbour]:
    """The strongest filters of some layers in the expanded kernel of one filter."""
    found = strongest([(name, one.weights[place]) for name, one in below.items()], FAR)
    return [*found.excitatory, *found.inhibitory]
