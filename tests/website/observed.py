"""Photographs that fire the filters of a run: results of evidence, made by hand."""

import io
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from filter_atlas.base.arrays import npz
from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.evidence import family
from filter_atlas.evidence.record import (
    Credit,
    FilterEvidence,
    LayerEvidence,
    Patch,
    PhotographEntry,
    PhotographList,
    table,
)

if TYPE_CHECKING:
    from .results import Run

SIZE = 32
SCALED = (48, 36)
SQUARE = (8, 2)
CELLS = 8
"""The network sees a square of 32 pixels of a photograph of 48 × 36, by 8 × 8 cells."""

STRONGEST = 8


def observe(
    run: "Run",
    photographs: int = 24,
    silent: Collection[tuple[str, int]] = (),
    own: Collection[int] = (),
    distinct: int = 1_000_000,
    refusal: str | None = None,
) -> None:
    """Write the results of evidence.

    Args:
        run: the run.
        photographs: their number; at least 18.
        silent: filters that no photograph fires.
        own: places of photographs that are the user's own; all others are of the sample.
        distinct: from this index on, filters of a layer have the same patches again.
        refusal: why no box is known.
    """
    sample = sample_photos()
    entries = {}
    for place in range(photographs):
        photo = sample[place % len(sample)]
        mine = place in own
        digest = photo.digest if not mine else bytes_digest(f"my photograph {place}".encode())
        if place >= len(sample):
            digest = bytes_digest(f"{place}".encode())
        entries[digest] = PhotographEntry(
            name=f"private/me {place}.jpg" if mine else photo.path.name,
            width=2 * SCALED[0],
            height=2 * SCALED[1],
            scaled=SCALED,
            square=SQUARE,
            copy=True,
            credit=None if mine else _credit(photo),
        )
        run.write(family.copy(digest), photograph(place % 16))
    entries = dict(sorted(entries.items()))
    layers = []
    strongest: dict[str, np.ndarray] = {}
    for number, plan in enumerate(run.layers):
        filters = {}
        maxima = np.zeros((len(plan.filters), photographs))
        for row, index in enumerate(plan.filters):
            maxima[row] = _maxima(number, index % distinct, photographs)
            if (plan.name, index) in silent:
                maxima[row] = 0
            filters[index] = _evidence(maxima[row], boxed=refusal is None)
        used = sorted({patch.photograph for one in filters.values() for patch in one.patches})
        layers.append(
            LayerEvidence(
                layer=plan.name,
                size=SIZE,
                cells=(CELLS, CELLS),
                refusal=refusal,
                observed=photographs,
                photographs=tuple(list(entries)[one] for one in used),
                cell_edges=(0.0, 1.0),
                weights_digest="d" * 64,
                code_digest="c" * 64,
                devices=("CPU",),
                versions={"tensorflow": "2.21.0"},
                filters={index: _renumbered(one, used) for index, one in filters.items()},
            )
        )
        run.write(family.path(plan.name), layers[-1].to_json())
        patches = sum(len(one.patches) for one in filters.values())
        heat = np.random.default_rng(number).integers(0, 256, (CELLS, CELLS), np.uint8)
        run.write(
            family.heat(plan.name),
            npz(heat=np.broadcast_to(heat, (patches, CELLS, CELLS))),
        )
        order = np.argsort(-maxima, axis=0, kind="stable")[:STRONGEST].T
        found = np.full((photographs, STRONGEST), -1, np.int32)
        shares = np.zeros((photographs, STRONGEST), np.float32)
        found[:, : order.shape[1]] = np.array(plan.filters)[order]
        shares[:, : order.shape[1]] = np.take_along_axis(maxima.T, order, 1) / 100
        found[shares == 0] = -1
        strongest |= {f"{plan.name}/filters": found, f"{plan.name}/shares": shares}
    names = {digest: entry.name for digest, entry in entries.items()}
    run.write(family.FILTERS, table(layers, names))
    run.write(family.STRONGEST, npz(compressed=False, **strongest))
    run.write(
        family.PHOTOGRAPHS, PhotographList(SIZE, entries, (("broken.jpg", "not a JPEG"),)).to_json()
    )
    run.add_facts("evidence", {"observed": True})


def _maxima(layer: int, filter: int, photographs: int) -> np.ndarray:
    """The greatest activation on each photograph; the greatest of all is 100."""
    random = np.random.default_rng([layer, filter])
    values = random.permutation(np.linspace(0, 100, photographs))
    values[random.random(photographs) < 0.01 * filter] = 0
    values[filter % photographs] = 100
    return values


def _evidence(maxima: np.ndarray, boxed: bool) -> FilterEvidence:
    order = np.argsort(-maxima, kind="stable")
    fires = int((maxima > 0).sum())

    def patches(first: int, last: int) -> tuple[Patch, ...]:
        return tuple(
            _patch(int(one), float(maxima[one]), boxed)
            for one in order[first:last][: max(0, fires - first)]
        )

    total = len(maxima)
    picture = 250.0
    return FilterEvidence(
        silent=total - fires,
        silent_share=(total - fires) / total,
        greatest=float(maxima.max()),
        mean=float(maxima.mean()),
        picture=picture,
        natural_gap=picture / float(maxima.max()) if fires else None,
        naturally_silent=not fires,
        p90_activation=float(maxima[order[total // 10]]),
        p50_activation=float(maxima[order[total // 2]]),
        top=patches(0, 9),
        p90=patches(9, 12),
        p50=patches(12, 15),
        maxima=tuple(np.histogram(maxima[maxima > 0], 40, (0, 100))[0].tolist()),
        cell_counts=(1, 2),
    )


def _renumbered(evidence: FilterEvidence, used: Sequence[int]) -> FilterEvidence:
    """The same evidence, with photographs by their place among the used ones."""

    def renumber(patches: Sequence[Patch]) -> tuple[Patch, ...]:
        return tuple(replace(one, photograph=used.index(one.photograph)) for one in patches)

    return replace(
        evidence,
        top=renumber(evidence.top),
        p90=renumber(evidence.p90),
        p50=renumber(evidence.p50),
    )


def _patch(photograph: int, activation: float, boxed: bool) -> Patch:
    row, column = photograph % CELLS, (3 * photograph) % CELLS
    left, top = SQUARE[0] + 4 * column, SQUARE[1] + 4 * row
    right, bottom = min(left + 12, SQUARE[0] + SIZE), min(top + 12, SQUARE[1] + SIZE)
    clipped = (right - left, bottom - top) != (12, 12)
    box = (left, top, right, bottom) if boxed else None
    return Patch(photograph, activation, (row, column), box, clipped)


def _credit(photo: object) -> Credit:
    return Credit(**{name: getattr(photo, name) for name in Credit.__dataclass_fields__})


@cache
def photograph(number: int) -> bytes:
    """A small WebP; all of these are different."""
    random = np.random.default_rng(number)
    small = random.integers(0, 256, (6, 8, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize(SCALED).save(file, "WEBP", quality=90)
    return file.getvalue()
