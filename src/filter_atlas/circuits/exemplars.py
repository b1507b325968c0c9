"""What feeds filters on their exemplars: the photographs that fire them most.

The photographs and cells are those of the family `evidence`, read from its files. Every photograph
passes through the network once, for all filters of all layers. To save work, photographs that few
filters need are left out, as long as every filter keeps enough exemplars.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from pydantic import BaseModel

from filter_atlas.base.errors import PhotoError
from filter_atlas.base.result_file import read_part
from filter_atlas.circuits.family import PHOTOGRAPHS
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.networks.contributions import contributions
from filter_atlas.optimize.microbatches import PHOTOGRAPHS_AT_ONCE, MicroBatcher
from filter_atlas.readers.scaled_photograph import GROUP, Log, read_unchanged


class _Patch(BaseModel):
    """A patch of a photograph; see docs/evidence.md."""

    photograph: int
    activation: float
    cell: tuple[int, int]


class _Filter(BaseModel):
    top: tuple[_Patch, ...]


class LayerExemplars(BaseModel):
    """The exemplars of a layer, as the family `evidence` writes them; see docs/evidence.md."""

    layer: str
    size: int
    photographs: tuple[str, ...]
    filters: dict[int, _Filter]

    @classmethod
    def from_file(cls, path: Path) -> "LayerExemplars":
        """Read the evidence of a layer.

        Raises:
            ResultsError: the file is missing or damaged.
        """
        return read_part(path, cls, "not the evidence of a layer")


KEPT = 5
"""Minimum number of exemplars that every filter keeps, if it has more."""


class Cell(NamedTuple):
    """A cell in which a photograph fires a filter."""

    layer: str
    filter: int
    row: int
    column: int
    activation: float


@dataclass(frozen=True, eq=False)
class OnExemplars:
    """What feeds a filter on its exemplars.

    Attributes:
        values: (channels,) float64, mean contribution of each channel of the layer's input.
        pre_activation: mean pre-activation.
        photographs: number of exemplars.
    """

    values: np.ndarray
    pre_activation: float
    photographs: int


def on_exemplars(
    layers: Sequence[LayerExemplars],
    paths: Mapping[str, Path],
    network: Network,
    threads: int,
    log: Log,
) -> dict[tuple[str, int], OnExemplars]:
    """What feeds each filter, on average over the photographs that fire it most.

    Args:
        layers: the exemplars of all layers.
        paths: the photographs of the run, by digest.
        network: the network that observed them.
        threads: number of microbatches to compute at the same time.
        log: takes one line about each photograph that is not there any more.

    Returns:
        By layer and index, of each filter that a photograph fires.
    """
    size = layers[0].size
    cells = needed(_cells(layers))
    reader = _Reader(network, [layer.layer for layer in layers], size, threads)
    sums: dict[tuple[str, int], list[np.ndarray]] = {}
    digests = sorted(digest for digest in cells if digest in paths)
    for first in range(0, len(digests), GROUP):
        group = []
        for digest in digests[first : first + GROUP]:
            try:
                group.append((_square(paths[digest], digest, size), cells[digest]))
            except PhotoError as error:
                log(f"no contributions on a photograph that was observed: {error}")
        for found in reader.read(group) if group else ():
            for cell, values in found:
                row = np.append(values.astype(np.float64), cell.activation)
                sums.setdefault((cell.layer, cell.filter), []).append(row)
    means = {key: (np.mean(rows, axis=0), len(rows)) for key, rows in sums.items()}
    return {
        key: OnExemplars(mean[:-1], float(mean[-1]), count) for key, (mean, count) in means.items()
    }


def needed(cells: Mapping[str, Sequence[Cell]]) -> dict[str, Sequence[Cell]]:
    """The photographs that are looked at: not those that the fewest filters need.

    They are left out, the least needed first, until `PHOTOGRAPHS` are left, and as long as every
    filter keeps `KEPT` of its exemplars.

    Args:
        cells: the cells of each photograph, by its digest.
    """
    kept = dict(sorted(cells.items(), key=lambda item: (len(item[1]), item[0])))
    exemplars = Counter(cell[:2] for found in cells.values() for cell in found)
    for digest in list(kept):
        own = [cell[:2] for cell in kept[digest]]
        if len(kept) <= PHOTOGRAPHS:
            break
        if all(exemplars[key] > KEPT for key in own):
            exemplars.subtract(own)
            del kept[digest]
    return kept


def _square(path: Path, digest: str, size: int) -> np.ndarray:
    changed = f"{path}: has changed since it was observed"
    return read_unchanged(path, digest, size, lambda line: None, changed).square(size)


def _cells(layers: Sequence[LayerExemplars]) -> dict[str, list[Cell]]:
    """The cells of each photograph, by its digest."""
    found: dict[str, list[Cell]] = {}
    for layer in layers:
        for index, one in sorted(layer.filters.items()):
            for patch in one.top:
                cell = Cell(layer.layer, index, *patch.cell, patch.activation)
                found.setdefault(layer.photographs[patch.photograph], []).append(cell)
    return found


_Item = tuple[np.ndarray, Sequence[Cell]]
_Found = list[tuple[Cell, np.ndarray]]


class _Reader:
    """Reads what feeds filters at cells of photographs."""

    def __init__(self, network: Network, layers: Sequence[str], size: int, threads: int) -> None:
        self._layers = layers
        self._kernels = {layer: network.kernel(layer) for layer in layers}
        self._microbatcher = MicroBatcher(threads, PHOTOGRAPHS_AT_ONCE)
        self._features: Callable[[np.ndarray], Mapping[str, tf.Tensor]] = tf.function(
            lambda pixels: network.input_features(from_rgb(pixels), layers),
            autograph=False,
            input_signature=[tf.TensorSpec([PHOTOGRAPHS_AT_ONCE, size, size, 3], tf.uint8)],
        )

    def read(self, photographs: Sequence[_Item]) -> list[_Found]:
        """The contributions of channels at the cells of each photograph: (channels,) float32."""
        return self._microbatcher.map(self._run, photographs)

    def _run(self, photographs: Sequence[_Item]) -> list[_Found]:
        features = self._features(np.stack([pixels for pixels, _ in photographs]))
        found: list[_Found] = [[] for _ in photographs]
        for layer in self._layers:
            wanted = [
                (place, cell)
                for place, (_, cells) in enumerate(photographs)
                for cell in cells
                if cell.layer == layer
            ]
            if not wanted:
                continue
            values = contributions(
                features[layer],
                self._kernels[layer],
                np.array([(place, cell.row, cell.column) for place, cell in wanted], np.int32),
                np.array([cell.filter for _, cell in wanted], np.int32),
            )
            for (place, cell), row in zip(wanted, values.numpy(), strict=True):
                found[place].append((cell, row))
        return found
