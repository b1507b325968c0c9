"""The file of what feeds a layer's filters on their own pictures.

For every drawn filter: what each channel of the layer's input adds to its pre-activation, at the
cell of its picture in which it fires most. It is computed with the measures, in the same pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from filter_atlas.base.arrays import npz, read_npz
from filter_atlas.base.errors import ResultsError


@dataclass(frozen=True, eq=False)
class Contributions:
    """What feeds a filter at one cell.

    Attributes:
        values: (channels,) float32, what each channel of the layer's input adds.
        pre_activation: pre-activation of the filter: the sum of the values, and its bias.
        cell: row and column of the cell.
    """

    values: np.ndarray
    pre_activation: float
    cell: tuple[int, int]


@dataclass(frozen=True, eq=False)
class LayerContributions:
    """What feeds the filters of a layer, each on its own picture.

    Attributes:
        filters: (filters,) int32, their indices.
        values: (filters, channels) float32.
        pre_activations: (filters,) float32.
        cells: (filters, 2) int32.
    """

    filters: np.ndarray
    values: np.ndarray
    pre_activations: np.ndarray
    cells: np.ndarray

    @classmethod
    def of_filters(cls, found: Mapping[int, Contributions]) -> "LayerContributions":
        """Gather the contributions of filters by their indices; at least one."""
        each: Sequence[Contributions] = list(found.values())
        return cls(
            np.array(list(found), np.int32),
            np.stack([one.values for one in each]).astype(np.float32),
            np.array([one.pre_activation for one in each], np.float32),
            np.array([one.cell for one in each], np.int32),
        )

    @classmethod
    def from_file(cls, path: Path) -> "LayerContributions":
        """Read a file that `to_npz` wrote.

        Raises:
            ResultsError: the file is missing or damaged.
        """
        error_text = "not the contributions of a layer"
        stored = read_npz(path, error_text)
        try:
            found = cls(**stored)
        except TypeError as error:
            raise ResultsError(f"{path}: {error_text}; delete it and run again") from error
        if not len(found.filters) == len(found.values) == len(found.pre_activations):
            raise ResultsError(f"{path}: {error_text}; delete it and run again")
        return found

    def to_npz(self) -> bytes:
        """The file's content; equal contributions give equal bytes."""
        return npz(compressed=True, **vars(self))
