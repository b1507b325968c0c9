"""Merging observations: the order of all photographs for every filter.

Photographs are ordered by their digests first, then by how strongly they fire a filter. So the
order in which they were observed, and the size of the chunks, change nothing. The numbers of only a
few filters are in memory at the same time, however many photographs there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from filter_atlas.base.errors import ResultsError
from filter_atlas.evidence.observations import BINS, Chunk, LayerLayout, edges
from filter_atlas.evidence.record import Box, FilterEvidence, LayerEvidence, Patch

TOP = 9
"""Number of photographs that fire a filter most, and of patches: one for each photograph."""

BAND = 1
"""Number of photographs on either side of a percentile."""

MOST_PATCHES = TOP + 2 * (2 * BAND + 1)
"""Maximum number of patches of a filter: those of the top and of two percentiles."""

HISTOGRAM = 40
"""Number of bins of the histogram over photographs."""

STRONGEST = 8
"""Number of filters that are kept for each photograph and layer."""

MEMORY = 64 << 20
"""Maximum size of the observations in memory at the same time, in bytes, unless the observations of
a single filter take more."""


@dataclass(frozen=True)
class StrongestFilters:
    """The filters of a layer that each photograph fires most, compared with other photographs.

    Attributes:
        filters: (photographs, STRONGEST) int32, indices; -1 where a photograph fires fewer filters.
        shares: (photographs, STRONGEST) float32, the activation over the greatest on any
            photograph, greatest first.
    """

    filters: np.ndarray
    shares: np.ndarray


class Ranking:
    """The photographs of all chunks, in the order of their digests.

    Args:
        chunks: at least one; all by the same network.

    Attributes:
        layout: what is the same for all photographs.
        photographs: digests of the photographs, in order.
        placements: where the square lies in each photograph, by its digest.
        unreadable: the reasons why other photographs could not be read, by their digests.
        devices: the devices that observed.

    Raises:
        ResultsError: the chunks do not belong together, or there is no photograph.
    """

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.layout = chunks[0].record.layout
        if any(chunk.record.layout != self.layout for chunk in chunks):
            raise ResultsError(
                "results/evidence/observations: of different networks or versions; delete this "
                "folder and run again"
            )
        digests = list(chain.from_iterable(chunk.record.photographs for chunk in chunks))
        if not digests:
            raise ResultsError("photos: none of the photographs can be read; give other ones")
        self._order = np.array(sorted(range(len(digests)), key=digests.__getitem__))
        self.photographs = tuple(digests[place] for place in self._order)
        self.placements = {
            digest: placement
            for chunk in chunks
            for digest, placement in chunk.record.photographs.items()
        }
        self.unreadable = {
            digest: reason for chunk in chunks for digest, reason in chunk.record.unreadable.items()
        }
        self.devices = tuple(sorted({name for chunk in chunks for name in chunk.record.devices}))
        self._chunks = [chunk for chunk in chunks if chunk.record.photographs]

    def rank(
        self,
        layer: str,
        filters: Sequence[int],
        pictures: Mapping[int, Any],
        code_digest: str,
    ) -> tuple[LayerEvidence, StrongestFilters]:
        """Order the photographs for some filters of a layer.

        Args:
            layer: name of the layer.
            filters: indices of the filters.
            pictures: greatest activation of each filter on its own picture, as far as it is known.
            code_digest: digest of the code that observed.
        """
        layout = self.layout.layers[layer]
        evidence: dict[int, FilterEvidence] = {}
        best = _BestFilters(len(self.photographs))
        for indices, rows, counts in self._blocks(layer, filters):
            best.add(indices, rows["maximum"])
            for index, row, count in zip(indices, rows, counts, strict=True):
                evidence[index] = self._evidence(row, count, layout, pictures.get(index))
        used = sorted({one.photograph for each in evidence.values() for one in each.patches})
        places = {photograph: place for place, photograph in enumerate(used)}
        return (
            LayerEvidence(
                layer=layer,
                size=self.layout.size,
                cells=layout.cells,
                refusal=layout.refusal,
                observed=len(self.photographs),
                photographs=tuple(self.photographs[photograph] for photograph in used),
                cell_edges=tuple(edges()),
                weights_digest=self.layout.weights_digest,
                code_digest=code_digest,
                devices=self.devices,
                versions=self.layout.versions,
                filters={index: _renumbered(each, places) for index, each in evidence.items()},
            ),
            best.strongest,
        )

    def _blocks(
        self, layer: str, filters: Sequence[int]
    ) -> Iterator[tuple[Sequence[int], np.ndarray, np.ndarray]]:
        """A few filters at a time: indices, (filters, photographs) of `ROW`, (filters, BINS)."""
        first = 0
        for name, layout in self.layout.layers.items():
            if name == layer:
                break
            first += layout.filters
        count = max(1, MEMORY // (len(self.photographs) * self._chunks[0].rows.itemsize))
        for start in range(0, len(filters), count):
            indices = filters[start : start + count]
            places = first + np.array(indices)
            rows = np.concatenate([chunk.rows[places] for chunk in self._chunks], axis=1)
            counts = sum((chunk.counts[places] for chunk in self._chunks), np.zeros(BINS, np.int64))
            yield indices, rows[:, self._order], counts

    def _evidence(
        self, rows: np.ndarray, counts: np.ndarray, layout: LayerLayout, picture: float | None
    ) -> FilterEvidence:
        maxima = rows["maximum"]
        # Stable, so equal activations stay in the order of their digests.
        order = np.argsort(-maxima, kind="stable")
        greatest = maxima[order[0]]
        fires = int((maxima > 0).sum())
        total = len(order)

        def patches(places: Sequence[int]) -> tuple[Patch, ...]:
            return tuple(
                self._patch(int(order[place]), rows[order[place]], layout)
                for place in places
                if place < fires
            )

        def place_of(percentile: float) -> int:
            return int((1 - percentile) * (total - 1) + 0.5)

        def band(percentile: float) -> tuple[Patch, ...]:
            middle = place_of(percentile)
            return patches(range(max(middle - BAND, TOP), min(middle + BAND + 1, total)))

        histogram, _ = np.histogram(
            maxima[maxima > 0].astype(float), HISTOGRAM, (0, float(greatest) or 1.0)
        )
        return FilterEvidence(
            silent=total - fires,
            silent_share=(total - fires) / total,
            greatest=_shortest(greatest),
            mean=float(rows["mean"].astype(float).mean()),
            picture=picture,
            natural_gap=_gap(picture, float(greatest)),
            naturally_silent=fires == 0,
            p90_activation=_shortest(maxima[order[place_of(0.9)]]),
            p50_activation=_shortest(maxima[order[place_of(0.5)]]),
            top=patches(range(min(TOP, total))),
            p90=band(0.9),
            p50=band(0.5),
            maxima=tuple(histogram.tolist()),
            cell_counts=tuple(counts.tolist()),
        )

    def _patch(self, photograph: int, row: np.void, layout: LayerLayout) -> Patch:
        cell = divmod(int(row["cell"]), layout.cells[1])
        field = layout.field
        box: Box | None = None
        if field:
            left, top = self.placements[self.photographs[photograph]].square
            seen = field.box(*cell)
            box = (seen[0] + left, seen[1] + top, seen[2] + left, seen[3] + top)
        clipped = bool(field and field.is_clipped(*cell))
        return Patch(photograph, _shortest(row["maximum"]), cell, box, clipped)


class _BestFilters:
    """Keeps the filters that each photograph fires most, while filters are added."""

    def __init__(self, photographs: int) -> None:
        self.strongest = StrongestFilters(
            np.full((photographs, STRONGEST), -1, np.int32),
            np.zeros((photographs, STRONGEST), np.float32),
        )

    def add(self, filters: Sequence[int], maxima: np.ndarray) -> None:
        """Add filters, in the order of their indices; `maxima`: (filters, photographs) float32."""
        greatest = maxima.max(axis=1, keepdims=True)
        shares = (maxima / np.where(greatest > 0, greatest, 1)).T
        indices = np.where(shares > 0, np.array(filters, np.int32), np.int32(-1))
        shares = np.concatenate([self.strongest.shares, shares], axis=1)
        indices = np.concatenate([self.strongest.filters, indices], axis=1)
        best = np.argsort(-shares, axis=1, kind="stable")[:, :STRONGEST]
        self.strongest = StrongestFilters(
            np.take_along_axis(indices, best, axis=1), np.take_along_axis(shares, best, axis=1)
        )


def _gap(picture: float | None, greatest: float) -> float | None:
    return picture / greatest if picture is not None and greatest > 0 else None


def _renumbered(evidence: FilterEvidence, places: Mapping[int, int]) -> FilterEvidence:
    """The same evidence, with other numbers of the photographs."""

    def renumber(patches: Sequence[Patch]) -> tuple[Patch, ...]:
        return tuple(replace(patch, photograph=places[patch.photograph]) for patch in patches)

    return replace(
        evidence,
        top=renumber(evidence.top),
        p90=renumber(evidence.p90),
        p50=renumber(evidence.p50),
    )


def _shortest(value: np.float32) -> float:
    """The shortest decimal number that is the same float32."""
    return float(str(value))
