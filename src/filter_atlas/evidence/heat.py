"""Heat maps: where in a photograph a filter fires; and paths: what other filters do there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from filter_atlas.base.errors import PhotoError
from filter_atlas.evidence.photographs import FoundPhotograph, read_again
from filter_atlas.evidence.ranking import TOP
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.measure.cells import paths_in_cells
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.optimize.microbatches import PHOTOGRAPHS_AT_ONCE, MicroBatcher
from filter_atlas.readers.scaled_photograph import GROUP, Log

SIDE = 28
"""Maximum number of rows and of columns of a heat map."""


@dataclass(frozen=True, eq=False)
class PatchMaps:
    """What the network does in the photographs of a layer's patches.

    Attributes:
        heat: (patches, rows, columns) uint8, the activation of the patch's filter as a share of
            that of the patch, 255 for all of it. Patches are in the order of the filters, and of
            `FilterEvidence.patches`.
        paths: (filters, TOP, filters of the layer) float16, the path of each patch of
            `FilterEvidence.top`, see `measure.cells`; zeros where there is no patch.
    """

    heat: np.ndarray
    paths: np.ndarray


class _Wanted(NamedTuple):
    """A heat map that is needed of a photograph, and perhaps a path.

    Attributes:
        layer: name of the layer.
        filter: index of the filter.
        activation: activation of the patch.
        place: place of the heat map in `PatchMaps.heat`.
        cell: place of the patch's cell, row by row.
        path: place of the path in `PatchMaps.paths`; None if it is not needed.
    """

    layer: str
    filter: int
    activation: float
    place: int
    cell: int
    path: tuple[int, int] | None


def map_patches(
    layers: Sequence[LayerEvidence],
    photographs: Iterable[FoundPhotograph],
    network: Network,
    threads: int,
    log: Log,
) -> dict[str, PatchMaps]:
    """The heat maps and paths of all patches, by layer.

    A map of more than `SIDE` cells along an axis is reduced: each of its cells gets the greatest
    activation of a square of cells.

    Args:
        layers: the evidence of the layers.
        photographs: all photographs of the run.
        network: the network that observed them.
        threads: number of microbatches to compute at the same time.
        log: takes one line about each photograph that is not there any more; its maps and paths
            are 0.
    """
    size = layers[0].size
    responses = _Responses(network, [layer.layer for layer in layers], size, threads)
    wanted = _wanted(layers)
    maps = {layer.layer: responses.empty(layer) for layer in layers}
    shown = [photograph for photograph in photographs if photograph.digest in wanted]
    for first in range(0, len(shown), GROUP):
        requests, squares = [], []
        for photograph in shown[first : first + GROUP]:
            try:
                squares.append(read_again(photograph, size).square(size))
            except PhotoError as error:
                log(f"no heat maps of a photograph that was observed: {error}")
                continue
            requests.append(wanted[photograph.digest])
        if not squares:
            continue
        found = responses.compute(list(zip(squares, requests, strict=True)))
        for request, (activations, paths) in zip(requests, found, strict=True):
            rows = {name: iter(value) for name, value in paths.items()}
            for one in request:
                share = activations[one.layer][..., one.filter] / one.activation
                maps[one.layer].heat[one.place] = np.rint(255 * np.clip(share, 0, 1))
                if one.path:
                    maps[one.layer].paths[one.path] = next(rows[one.layer])
    return maps


def _wanted(layers: Sequence[LayerEvidence]) -> dict[str, list[_Wanted]]:
    """The heat maps and paths that are needed of each photograph, by its digest."""
    wanted: dict[str, list[_Wanted]] = {}
    for layer in layers:
        place = 0
        for row, (index, evidence) in enumerate(sorted(layer.filters.items())):
            for rank, patch in enumerate(evidence.patches):
                cell = patch.cell[0] * layer.cells[1] + patch.cell[1]
                path = (row, rank) if rank < len(evidence.top) else None
                one = _Wanted(layer.layer, index, patch.activation, place, cell, path)
                wanted.setdefault(layer.photographs[patch.photograph], []).append(one)
                place += 1
    return wanted


_Request = tuple[np.ndarray, Sequence[_Wanted]]
"""What the network sees of a photograph, (size, size, 3) uint8, and what is needed of it."""

_ByLayer = Mapping[str, np.ndarray]


class _Responses:
    """Computes the activations of all filters of some layers: reduced maps, and paths."""

    def __init__(self, network: Network, layers: Sequence[str], size: int, threads: int) -> None:
        self._network = network
        self._layers = layers
        self._microbatcher = MicroBatcher(threads, PHOTOGRAPHS_AT_ONCE)
        self._graph = tf.function(
            self._compute,
            autograph=False,
            input_signature=[
                tf.TensorSpec([PHOTOGRAPHS_AT_ONCE, size, size, 3], tf.uint8),
                {layer: tf.TensorSpec([PHOTOGRAPHS_AT_ONCE, None], tf.int32) for layer in layers},
            ],
        )
        self._shapes, _ = self._graph.get_concrete_function().structured_outputs

    def empty(self, layer: LayerEvidence) -> PatchMaps:
        """Room for the maps and paths of a layer, filled with 0."""
        patches = sum(len(each.patches) for each in layer.filters.values())
        _, rows, columns, filters = self._shapes[layer.layer].shape
        return PatchMaps(
            np.zeros((patches, rows, columns), np.uint8),
            np.zeros((len(layer.filters), TOP, filters), np.float16),
        )

    def compute(self, requests: Sequence[_Request]) -> list[tuple[_ByLayer, _ByLayer]]:
        """What is needed of photographs.

        Returns:
            For each of them the maps of all filters, reduced to `SIDE` cells: (rows, columns,
            filters) float32 by layer; and the paths in the order in which they are needed:
            (paths, filters) float16 by layer.
        """
        return self._microbatcher.map(self._run, requests)

    def _run(self, requests: Sequence[_Request]) -> list[tuple[_ByLayer, _ByLayer]]:
        pixels = np.stack([square for square, _ in requests])
        cells: dict[str, list[list[int]]] = {
            layer: [[] for _ in requests] for layer in self._layers
        }
        for place, (_, wanted) in enumerate(requests):
            for one in wanted:
                if one.path:
                    cells[one.layer][place].append(one.cell)
        # A microbatch is one photograph, so there is one row, which may be empty.
        stacked = {layer: np.array(rows, np.int32) for layer, rows in cells.items()}
        maps, paths = (
            {name: value.numpy() for name, value in outputs.items()}
            for outputs in self._graph(pixels, stacked)
        )
        return [
            (
                {name: value[place] for name, value in maps.items()},
                {name: value[place] for name, value in paths.items()},
            )
            for place in range(len(requests))
        ]

    def _compute(
        self, pixels: tf.Tensor, cells: Mapping[str, tf.Tensor]
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        features = self._network.input_features(from_rgb(pixels), self._layers)
        reduced, paths = {}, {}
        for layer in self._layers:
            activations = tf.nn.relu(self._network.pre_activations(features[layer], layer))
            sides = [-(-side // SIDE) for side in activations.shape[1:3]]
            reduced[layer] = tf.nn.max_pool2d(activations, sides, sides, "SAME")
            paths[layer] = paths_in_cells(activations, cells[layer])
        return reduced, paths
