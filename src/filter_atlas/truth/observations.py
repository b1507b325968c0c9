"""What the family `evidence` has observed, read from its files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.result_file import read_part
from filter_atlas.readers.scaled_photograph import Placement

Interval = tuple[int, int, int]
"""First pixel, pixel after the last, and 1 if clipped, of what a row or column of cells sees."""


class _Layer(BaseModel):
    """The map of a layer; see docs/evidence.md."""

    filters: int
    cells: tuple[int, int]
    rows: tuple[Interval, ...]
    columns: tuple[Interval, ...]
    refusal: str | None


class _Layout(BaseModel):
    size: int
    layers: dict[str, _Layer]


class _Record(BaseModel):
    layout: _Layout
    photographs: dict[str, Placement]


@dataclass(frozen=True)
class Patch:
    """A square part of what the network saw of a photograph.

    Attributes:
        photograph: place of the photograph in `LayerObservations.photographs`.
        left, top: its first pixel in the square that the network saw.
    """

    photograph: int
    left: int
    top: int


@dataclass(frozen=True, eq=False)
class LayerObservations:
    """How photographs fire some filters of one layer.

    Attributes:
        size: side of the square that the network saw, in pixels.
        refusal: why it is not known what a cell sees; None if it is known.
        side: side of what a cell sees, in pixels; 0 if it is not known.
        photographs: digests of the photographs, in order.
        placements: where the square lies in each photograph.
        maxima: (filters, photographs) float32, the greatest activation of any cell.
        corners: (filters, photographs, 2) int32, left and top of what this cell sees. What lies
            beyond the square is moved into it.
    """

    size: int
    refusal: str | None
    side: int
    photographs: tuple[str, ...]
    placements: tuple[Placement, ...]
    maxima: np.ndarray
    corners: np.ndarray

    def patch(self, place: int, photograph: int) -> Patch:
        """What the cell sees that a filter fires most in, in a photograph; both by their places."""
        left, top = self.corners[place, photograph].tolist()
        return Patch(int(photograph), left, top)

    def among(self, places: Sequence[int]) -> "LayerObservations":
        """The same on some of the photographs, by their places in order."""
        return replace(
            self,
            photographs=tuple(self.photographs[place] for place in places),
            placements=tuple(self.placements[place] for place in places),
            maxima=self.maxima[:, places],
            corners=self.corners[:, places],
        )

    def select(self, places: Sequence[int]) -> "LayerObservations":
        """The same of some of the filters, by their places."""
        return replace(self, maxima=self.maxima[places], corners=self.corners[places])


def read_observations(
    files: Sequence[tuple[Path, Path]], layer: str, filters: Sequence[int]
) -> LayerObservations:
    """Read how photographs fire some filters of one layer.

    Args:
        files: record and rows of each chunk of photographs.
        layer: name of the layer.
        filters: indices of the filters.

    Raises:
        ResultsError: a file is missing or damaged.
    """
    records = [read_part(path, _Record, "not observations") for path, _ in files]
    layout = records[0].layout
    first = 0
    for name, one in layout.layers.items():
        if name == layer:
            break
        first += one.filters
    rows = [
        _read_rows(path, first + np.array(filters), len(record.photographs))
        for record, (_, path) in zip(records, files, strict=True)
    ]
    placements = [one for record in records for one in record.photographs.items()]
    order = sorted(range(len(placements)), key=lambda place: placements[place][0])
    ordered = np.concatenate(rows, axis=1)[:, order]
    seen = layout.layers[layer]
    corners, side = _corners(seen, layout.size, ordered["cell"])
    return LayerObservations(
        layout.size,
        seen.refusal,
        side,
        tuple(placements[place][0] for place in order),
        tuple(placements[place][1] for place in order),
        ordered["maximum"],
        corners,
    )


def _corners(layer: _Layer, size: int, cells: np.ndarray) -> tuple[np.ndarray, int]:
    """Left and top of what cells see, and the side of it."""
    if layer.refusal is not None:
        return np.zeros((*cells.shape, 2), np.int32), 0
    rows, columns = (np.array(axis, np.int64) for axis in (layer.rows, layer.columns))
    side = min(size, max(int((axis[:, 1] - axis[:, 0]).max()) for axis in (rows, columns)))
    row, column = np.divmod(cells.astype(np.int64), layer.cells[1])
    starts = [
        np.clip((axis[place, 0] + axis[place, 1] - side) // 2, 0, size - side)
        for axis, place in ((columns, column), (rows, row))
    ]
    return np.stack(starts, axis=-1).astype(np.int32), side


def _read_rows(path: Path, places: np.ndarray, photographs: int) -> np.ndarray:
    """The rows of some filters: (filters, photographs) with the fields `maximum` and `cell`."""
    try:
        rows = np.load(path, allow_pickle=False)
        found: np.ndarray = rows[places]
        if rows.shape[1] != photographs or not {"maximum", "cell"} <= set(rows.dtype.names or ()):
            raise ValueError("of other photographs")
    except (OSError, ValueError, IndexError, EOFError) as error:
        raise ResultsError(f"{path}: not observations; delete it and run again") from error
    return found
