"""What the pages know of every filter, layer, dream and class: gathered from a run's results."""

import io
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from statistics import median
from zipfile import BadZipFile

import numpy as np

from filter_atlas import metrics
from filter_atlas.atlas.image import Image
from filter_atlas.atlas.tiles import Tile
from filter_atlas.classes.record import ClassRecord
from filter_atlas.dream.record import DreamRecord
from filter_atlas.errors import ResultsError
from filter_atlas.plan import LayerPlan
from filter_atlas.record import Record
from filter_atlas.twins.report import LayerTwins

NEAREST = 5
"""How many neighbours a filter's panel names, beside its twins."""


@dataclass(frozen=True)
class Neighbour:
    """Another filter of the layer that answers to a filter's picture.

    Attributes:
        filter: its index.
        score: its best answer to that picture in any turn, as a share of its answer to its own.
        angle: the turn it has it in, in degrees.
        mirrored: whether the picture is mirrored as well.
        twin: whether the two are twins.
    """

    filter: int
    score: float
    angle: int
    mirrored: bool
    twin: bool


@dataclass(frozen=True)
class Variant:
    """A variant of a filter's picture: its name, record, canonical picture and tile."""

    name: str
    record: Record
    record_url: str
    picture: Image
    tile: Tile


@dataclass(frozen=True)
class FilterEntry:
    """One filter.

    Attributes:
        record: its record.
        record_url: where its page links to it.
        picture: the canonical PNG.
        tile: the small picture of it, and what is known of it.
        url: its page, from the site's root: one of its own, or its place on its layer's.
        higher_than: share of the layer's other drawn filters with a lower final activation; None
            where there are no others.
        neighbours: its twins first, then others, strongest answer first.
        variants: further pictures of it.
    """

    record: Record
    record_url: str
    picture: Image
    tile: Tile
    url: str
    higher_than: float | None
    neighbours: tuple[Neighbour, ...]
    variants: tuple[Variant, ...]

    @property
    def index(self) -> int:
        """Its index in the layer."""
        return self.record.filter

    @property
    def alive(self) -> bool:
        """Whether the filter answers to its own picture at all."""
        return metrics.alive(self.record)

    @property
    def has_twin(self) -> bool:
        """Whether another filter of the layer is the same one turned."""
        return any(neighbour.twin for neighbour in self.neighbours)


@dataclass(frozen=True)
class Edition:
    """A page on which a layer's filters are drawn in one way: their own pictures, or a variant."""

    name: str
    url: str


@dataclass(frozen=True)
class LayerEntry:
    """One layer: a card on the first page, and a page of its own.

    Attributes:
        section: the layer in the plan.
        name: its name as part of file names and URLs.
        url: its page.
        filters: every drawn filter, in order.
        grid: the PNG of them all.
        mosaic: the strongest ones on one small picture.
        editions: all pages of the layer, its own first; none where there are no variants.
        twins: what came of its filters' twins; None where they were not looked for.
    """

    section: LayerPlan
    name: str
    url: str
    filters: tuple[FilterEntry, ...]
    grid: Image
    mosaic: Image
    editions: tuple[Edition, ...] = ()
    twins: LayerTwins | None = None

    @property
    def drawn(self) -> int:
        """How many of the layer's filters are drawn."""
        return len(self.filters)

    @cached_property
    def by_index(self) -> dict[int, FilterEntry]:
        """The drawn filters by their index."""
        return {entry.index: entry for entry in self.filters}

    @property
    def alive(self) -> int:
        """How many of the drawn filters are alive."""
        return sum(entry.alive for entry in self.filters)

    @property
    def activations(self) -> tuple[float, float, float]:
        """Least, median and greatest final activation of the drawn filters."""
        values = [entry.record.final_activation for entry in self.filters]
        return min(values), median(values), max(values)


@dataclass(frozen=True)
class DreamEntry:
    """One dream: its name, what was excited, its pictures and its record.

    `flight` is its animation, where it has one.
    """

    name: str
    excited: str
    picture: Image
    preview: Image
    flight: Image | None
    record: DreamRecord
    record_url: str


@dataclass(frozen=True)
class ClassEntry:
    """One class picture, and what the network makes of it."""

    picture: Image
    record: ClassRecord
    record_url: str


def higher_than(records: Sequence[Record]) -> list[float | None]:
    """For each filter of a layer, the share of the others with a lower final activation."""
    if len(records) < 2:
        return [None] * len(records)
    ranked = sorted(record.final_activation for record in records)
    others = len(records) - 1
    return [bisect_left(ranked, record.final_activation) / others for record in records]


def neighbours(matrix: Path, summary: LayerTwins) -> dict[int, tuple[Neighbour, ...]]:
    """For each filter of a layer, those that answer most to its picture.

    Args:
        matrix: a layer's `.npz`, as `twins.report.matrix` writes it.
        summary: the layer's summary.

    Raises:
        ResultsError: the file is damaged.
    """
    try:
        with np.load(io.BytesIO(matrix.read_bytes())) as stored:
            filters, score = stored["filters"].tolist(), stored["score"]
            angle, mirrored = stored["angle"], stored["mirrored"]
    # RuntimeError: an encrypted member, or (its child NotImplementedError) an odd compression.
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error) as error:
        raise ResultsError(
            f"{matrix}: not a matrix of twins ({error}); delete it and run again"
        ) from error
    group = {one: set(together) for together in summary.groups for one in together}
    found = {}
    for column, index in enumerate(filters):
        own = group.get(index, set())
        ranked = np.argsort(-score[:, column], kind="stable").tolist()
        ranked.remove(column)
        twins = [place for place in ranked if filters[place] in own]
        others = (
            place for place in ranked if filters[place] not in own and score[place, column] > 0
        )
        found[index] = tuple(
            Neighbour(
                filter=filters[place],
                score=float(score[place, column]),
                angle=int(angle[place, column]),
                mirrored=bool(mirrored[place, column]),
                twin=filters[place] in own,
            )
            for place in (*twins, *islice(others, NEAREST))
        )
    return found
