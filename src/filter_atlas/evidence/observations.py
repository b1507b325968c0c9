"""What is observed of photographs: kept by photograph, and passed on by chunk.

A photograph's observation is kept in a file of its own, named after the photograph's digest. So a
photograph is observed once, whatever other photographs there are and whichever job comes to it.
The files of a chunk are collected from these: the result of one job, ordered for the merge, which
reads the numbers of one filter on all photographs together.
"""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from filter_atlas.base.arrays import npz
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import ResultsError
from filter_atlas.base.result_file import ResultFile
from filter_atlas.networks.receptive_field import Axis, ReceptiveField, UnknownField
from filter_atlas.readers.scaled_photograph import Placement

ROW = np.dtype([("maximum", "<f4"), ("cell", "<u4"), ("mean", "<f4")])
"""What is kept of a filter and a photograph: the greatest activation of any cell, the first cell
that has it (row × columns + column), and the mean over all cells."""

BINS = 26
LOWEST_EXPONENT = -9


def edges() -> list[float]:
    """The lower edges of the bins in which cells are counted, by their activation.

    The first bin holds activations of 0. The others are powers of two, so that they suit networks
    of any scale and counts of different photographs can be added. The second also holds all
    smaller positive activations, the last all greater ones.
    """
    return [0.0, *(2.0 ** (LOWEST_EXPONENT + power) for power in range(BINS - 1))]


class Observation(NamedTuple):
    """How all filters of all observed layers, in order, respond to one photograph.

    Attributes:
        rows: (filters,) of `ROW`.
        counts: (filters, BINS), number of cells in each bin of `edges`.
    """

    rows: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class LayerLayout:
    """The map of a layer, and its receptive fields.

    Attributes:
        filters: number of filters.
        cells: rows and columns of the map.
        rows: first pixel, pixel after the last, and 1 if clipped, of what each row of cells sees.
        columns: the same for columns.
        refusal: why the receptive fields are not known; then `rows` and `columns` are empty.
    """

    filters: int
    cells: tuple[int, int]
    rows: tuple[tuple[int, int, int], ...] = ()
    columns: tuple[tuple[int, int, int], ...] = ()
    refusal: str | None = None

    @classmethod
    def of_layer(
        cls, filters: int, cells: tuple[int, int], field: ReceptiveField | UnknownField
    ) -> Self:
        """The layout of a layer with this receptive field."""
        if isinstance(field, UnknownField):
            return cls(filters, cells, refusal=field.reason)
        if (field.rows.cells, field.columns.cells) != cells:
            return cls(filters, cells, refusal="its map has another number of cells than expected")
        return cls(filters, cells, _triples(field.rows), _triples(field.columns))

    @cached_property
    def field(self) -> ReceptiveField | None:
        """The receptive fields; None if they are not known."""
        if self.refusal is not None:
            return None
        return ReceptiveField(_axis(self.rows), _axis(self.columns))


@dataclass(frozen=True)
class Layout(ResultFile):
    """What is the same for all photographs.

    Attributes:
        size: side of the square that the network sees, in pixels.
        layers: the observed layers by name, in the order of their filters in an observation.
        weights_digest: sha256 of the network's weights.
        versions: versions of the software that was used, by name.
    """

    error_text = "not the layout of observations"

    size: int
    layers: dict[str, LayerLayout]
    weights_digest: str
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """The layout as JSON; equal layouts give equal bytes."""
        return (json.dumps(asdict(self)) + "\n").encode()

    @property
    def filters(self) -> int:
        """Number of filters of all layers together."""
        return sum(layer.filters for layer in self.layers.values())


class Kept(NamedTuple):
    """What is kept of one photograph.

    Attributes:
        observation: how the filters respond.
        placement: where the square lies that the network has seen.
        device: the device that observed it.
    """

    observation: Observation
    placement: Placement
    device: str


class ObservationStore:
    """The observations of single photographs, by one network, one size and one version of the code.

    A file that a killed run has left incomplete, or that was damaged, counts as missing.

    Args:
        folder: folder of the files; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def layout(self) -> Layout | None:
        """The layout of the observations; None if nothing has been observed yet."""
        try:
            return Layout.from_file(self._folder / "layout.json")
        except ResultsError:
            return None

    def write_layout(self, layout: Layout) -> None:
        """Write the layout."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / "layout.json", layout.to_json())

    def read(self, digest: str, filters: int) -> Kept | None:
        """What is kept of a photograph; None if it has not been observed.

        Args:
            digest: sha256 of the photograph's file.
            filters: number of filters.
        """
        try:
            with np.load(self._path(digest), allow_pickle=False) as arrays:
                rows, counts = arrays["rows"], arrays["counts"]
                sizes, device = arrays["placement"].tolist(), str(arrays["device"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if rows.shape != (filters,) or rows.dtype != ROW or counts.shape != (filters, BINS):
            return None
        return Kept(Observation(rows, counts), Placement(*map(tuple, sizes)), device)

    def write(self, digest: str, kept: Kept) -> None:
        """Keep the observation of a photograph."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        placement = kept.placement
        data = npz(
            compressed=True,
            rows=kept.observation.rows,
            counts=kept.observation.counts.astype("<u4"),
            placement=np.array([placement.original, placement.scaled, placement.square], "<i4"),
            device=np.array(kept.device),
        )
        # A power failure can leave it empty; then it counts as missing.
        write_atomically(path, data, durably=False)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.npz"


@dataclass(frozen=True)
class ChunkRecord(ResultFile):
    """What one job has observed, beside the arrays of the chunk.

    Attributes:
        layout: what is the same for all photographs.
        photographs: the placement of each photograph by its digest, in the order of the arrays.
        unreadable: the reason why a photograph could not be read, by its digest.
        devices: the devices that observed the photographs.
    """

    error_text = "not the record of observed photographs"

    layout: Layout
    photographs: dict[str, Placement]
    unreadable: dict[str, str]
    devices: tuple[str, ...]

    def to_json(self) -> bytes:
        """The record as JSON; equal records give equal bytes."""
        return (json.dumps(asdict(self)) + "\n").encode()


class Chunk(NamedTuple):
    """The observations of a chunk of photographs.

    Attributes:
        record: what they are.
        rows: (filters, photographs) of `ROW`.
        counts: (filters, BINS) int64, over all photographs.
    """

    record: ChunkRecord
    rows: np.ndarray
    counts: np.ndarray


def collect(
    store: ObservationStore, layout: Layout, digests: Iterable[str], unreadable: Mapping[str, str]
) -> Chunk:
    """The chunk of some photographs, from what is kept of each.

    Args:
        store: keeps an observation of every photograph.
        layout: the layout of the observations.
        digests: the photographs, in order.
        unreadable: the reasons why other photographs could not be read, by their digests.

    Raises:
        KeyError: a photograph has not been observed.
    """
    columns, placements, devices = [], {}, set()
    counts = np.zeros((layout.filters, BINS), "<i8")
    for digest in digests:
        kept = store.read(digest, layout.filters)
        if kept is None:
            raise KeyError(digest)
        columns.append(kept.observation.rows)
        counts += kept.observation.counts
        placements[digest] = kept.placement
        devices.add(kept.device)
    rows = np.stack(columns, axis=1) if columns else np.empty((layout.filters, 0), ROW)
    record = ChunkRecord(layout, placements, dict(unreadable), tuple(sorted(devices)))
    return Chunk(record, rows, counts)


def read_chunk(record: Path, rows: Path, counts: Path) -> Chunk:
    """Read a chunk from its files; the rows stay on the disk until they are used.

    Raises:
        ResultsError: a file is missing or damaged.
    """
    read = ChunkRecord.from_file(record)
    try:
        chunk = Chunk(read, _mapped(rows), np.load(counts, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise ResultsError(
            f"{rows}: not observations ({error}); delete it and run again"
        ) from error
    filters = read.layout.filters
    expected = ((filters, len(read.photographs)), (filters, BINS))
    if (chunk.rows.shape, chunk.counts.shape) != expected or chunk.rows.dtype != ROW:
        raise ResultsError(f"{rows}: not the observations of {record}; delete it and run again")
    return chunk


def _mapped(path: Path) -> np.ndarray:
    # An empty file cannot be mapped.
    array: np.ndarray = np.load(path, allow_pickle=False)
    return np.load(path, mmap_mode="r", allow_pickle=False) if array.size else array


def _triples(axis: Axis) -> tuple[tuple[int, int, int], ...]:
    stacked = np.stack([axis.low, axis.high, axis.is_clipped.astype(np.int32)], axis=1)
    return tuple(map(tuple, stacked.tolist()))


def _axis(triples: Sequence[tuple[int, int, int]]) -> Axis:
    low, high, is_clipped = np.array(triples, np.int32).reshape(-1, 3).T
    return Axis(low, high, is_clipped.astype(bool))
