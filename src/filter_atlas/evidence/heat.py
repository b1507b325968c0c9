"""Heat maps: where in a photograph a filter fires."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from filter_atlas.base.errors import PhotoError
from filter_atlas.evidence.photographs import FoundPhotograph, read_again
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.optimize.microbatches import SIZE, MicroBatcher
from filter_atlas.readers.scaled_photograph import GROUP, Log

SIDE = 28
"""Maximum number of rows and of columns of a heat map."""


class _Wanted(NamedTuple):
    """A heat map that is needed of a photograph."""

    layer: str
    filter: int
    place: int
    activation: float


def heat_maps(
    layers: Sequence[LayerEvidence],
    photographs: Iterable[FoundPhotograph],
    network: Network,
    threads: int,
    log: Log,
) -> dict[str, np.ndarray]:
    """The heat maps of all patches, by layer.

    A map of more than `SIDE` cells along an axis is reduced: each of its cells gets the greatest
    activation of a square of cells.

    Args:
        layers: the evidence of the layers.
        photographs: all photographs of the run.
        network: the network that observed them.
        threads: number of microbatches to compute at the same time.
        log: takes one line about each photograph that is not there any more; its maps are 0.

    Returns:
        (patches, rows, columns) uint8 for each layer: the activation as a share of that of the
        patch, 255 for all of it. Patches are in the order of the filters, and of
        `FilterEvidence.patches`.
    """
    size = layers[0].size
    maps = _Maps(network, [layer.layer for layer in layers], size, threads)
    wanted = _wanted(layers)
    counts = {
        layer.layer: sum(len(each.patches) for each in layer.filters.values()) for layer in layers
    }
    heat = {name: np.zeros((counts[name], *maps.shapes[name]), np.uint8) for name in maps.shapes}
    shown = [photograph for photograph in photographs if photograph.digest in wanted]
    for first in range(0, len(shown), GROUP):
        digests, squares = [], []
        for photograph in shown[first : first + GROUP]:
            try:
                squares.append(read_again(photograph, size).square(size))
            except PhotoError as error:
                log(f"no heat maps of a photograph that was observed: {error}")
                continue
            digests.append(photograph.digest)
        if not squares:
            continue
        for digest, activations in zip(digests, maps.compute(squares), strict=True):
            for one in wanted[digest]:
                share = activations[one.layer][..., one.filter] / one.activation
                heat[one.layer][one.place] = np.rint(255 * np.clip(share, 0, 1))
    return heat


def _wanted(layers: Sequence[LayerEvidence]) -> dict[str, list[_Wanted]]:
    """The heat maps that are needed of each photograph, by its digest."""
    wanted: dict[str, list[_Wanted]] = {}
    for layer in layers:
        place = 0
        for index, evidence in sorted(layer.filters.items()):
            for patch in evidence.patches:
                one = _Wanted(layer.layer, index, place, patch.activation)
                wanted.setdefault(layer.photographs[patch.photograph], []).append(one)
                place += 1
    return wanted


class _Maps:
    """Computes the maps of all filters of some layers, reduced to `SIDE` cells.

    Attributes:
        shapes: rows and columns of the maps of each layer.
    """

    def __init__(self, network: Network, layers: Sequence[str], size: int, threads: int) -> None:
        self._network = network
        self._layers = layers
        self._microbatcher = MicroBatcher(threads)
        self._graph = tf.function(
            self._reduced,
            autograph=False,
            input_signature=[tf.TensorSpec([SIZE, size, size, 3], tf.uint8)],
        )
        outputs = self._graph.get_concrete_function().structured_outputs
        self.shapes: dict[str, tuple[int, ...]] = {
            name: tuple(output.shape[1:3]) for name, output in outputs.items()
        }

    def compute(self, squares: Sequence[np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        """The maps of photographs: (rows, columns, filters) float32 by layer."""
        return self._microbatcher.map(self._run, squares)

    def _run(self, squares: Sequence[np.ndarray]) -> list[Mapping[str, np.ndarray]]:
        outputs = {name: value.numpy() for name, value in self._graph(np.stack(squares)).items()}
        return [
            {name: value[place] for name, value in outputs.items()} for place in range(len(squares))
        ]

    def _reduced(self, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        features = self._network.input_features(from_rgb(pixels), self._layers)
        reduced = {}
        for layer in self._layers:
            activations = tf.nn.relu(self._network.pre_activations(features[layer], layer))
            sides = [-(-side // SIDE) for side in activations.shape[1:3]]
            reduced[layer] = tf.nn.max_pool2d(activations, sides, sides, "SAME")
        return reduced
