"""Circuits of the filters of a run, made by hand."""

from typing import TYPE_CHECKING

import numpy as np

from filter_atlas.circuits import family
from filter_atlas.circuits.agreement import Contribution, Fed
from filter_atlas.circuits.families import Families, FilterFamily
from filter_atlas.circuits.record import (
    FarSource,
    FilterCircuit,
    LayerCircuits,
    LayerSource,
    filter_table,
    layer_table,
)
from filter_atlas.circuits.tiles import to_colour_tile, to_tile
from filter_atlas.circuits.wiring import Neighbour, Strongest

if TYPE_CHECKING:
    from .results import Run

MOST = 10
COLOURS = ("blue", "green", "red")


def wire(run: "Run") -> None:
    """Write the results of circuits, as if each drawn layer fed the next one."""
    layers = []
    for number, plan in enumerate(run.layers):
        below = run.layers[number - 1] if number else None
        above = run.layers[number + 1] if number + 1 < len(run.layers) else None
        channels = list(below.filters) if below else [0, 1, 2]
        filters = {
            index: FilterCircuit(
                _strongest(below.name if below else "", channels, index),
                _strongest(above.name, list(above.filters), index) if above else Strongest(),
                _fed(channels, index, 1),
                _fed(channels, index, index % 3),
                _far(run, number, index),
                to_colour_tile(_kernel(index, (5, 5, 3))) if number == 0 else (),
            )
            for index in plan.filters
        }
        # The places of the channels are those of the drawn filters.
        source = LayerSource(
            below.name if below else "", ("ReLU", "max pooling") if below else (),
            tuple(channels), True,
        )  # fmt: skip
        layers.append(
            LayerCircuits(
                layer=plan.name,
                refusal=None,
                sources=(source,),
                targets=(above.name,) if above else (),
                channels=COLOURS,
                families=_families(plan.filters),
                twins=plan.filters[:2],
                weights_digest="d" * 64,
                device="CPU",
                versions={"tensorflow": "2.21.0"},
                filters=filters,
            )
        )
        run.write(family.path(plan.name, "json"), layers[-1].to_json())
        run.write(family.path(plan.name, "csv"), layer_table(layers[-1]))
    run.write(family.FILTERS, filter_table(layers))
    run.add_facts("circuits", {"wired": True})


def _kernel(seed: int, shape: tuple[int, ...] = (3, 3)) -> np.ndarray:
    values: np.ndarray = np.random.default_rng(seed).standard_normal(shape)
    return values


def _strongest(layer: str, filters: list[int], seed: int) -> Strongest:
    chosen = np.random.default_rng(seed).permutation(filters)[: 2 * MOST].tolist()
    others = [
        Neighbour(layer, index, 1 / (1 + place), 2.0 - place / MOST, to_tile(_kernel(index)))
        for place, index in enumerate(chosen)
    ]
    half = (len(others) + 1) // 2
    return Strongest(tuple(others[:half]), tuple(others[half:]))


def _far(run: "Run", number: int, seed: int) -> tuple[FarSource, ...]:
    return tuple(
        FarSource(convolutions, other)
        for convolutions in (2, 3)
        if number >= convolutions
        for far in [run.layers[number - convolutions]]
        for other in _strongest(far.name, list(far.filters), seed).excitatory[:3]
    )


def _fed(channels: list[int], seed: int, agreement: int) -> Fed:
    chosen = np.random.default_rng(seed).permutation(len(channels))[: 2 * MOST].tolist()
    half = (len(chosen) + 1) // 2
    excitatory = tuple(
        Contribution(place, 10.0 / (1 + rank), to_tile(_kernel(place)))
        for rank, place in enumerate(chosen[:half])
    )
    inhibitory = tuple(
        Contribution(place, -5.0 / (1 + rank), to_tile(_kernel(place)))
        for rank, place in enumerate(chosen[half:])
    )
    return Fed(7, 20.0, 1e-7, excitatory, inhibitory, min(agreement, len(excitatory)))


def _families(filters: tuple[int, ...]) -> Families:
    if len(filters) < 8:
        return Families(None, {}, (), (), "fewer than 8 of its filters are drawn and fed")
    first, second = filters[: len(filters) // 2], filters[len(filters) // 2 :]
    groups = tuple(FilterFamily(group[0], group, 0.1) for group in (first, second))
    return Families(0.1, {2: 0.1, 3: 0.05}, groups, (), None)
