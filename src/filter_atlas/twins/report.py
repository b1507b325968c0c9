"""Files about twins: a table, a matrix and a summary of each layer, and a table of all layers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from filter_atlas.base.arrays import npz
from filter_atlas.base.result_file import ResultFile
from filter_atlas.base.rotations import Symmetry
from filter_atlas.base.tables import to_csv
from filter_atlas.twins.matching import Twins, groups

MEANINGS = {
    "filter": ("integer", "index of the filter with the lower index"),
    "twin": ("integer", "index of the other filter"),
    "angle": ("integer", "degrees, counter-clockwise, by which the twin's picture is rotated"),
    "mirrored": ("boolean", "whether left and right are swapped before that"),
    "score": (
        "number",
        "the lower of both activations on the other's changed picture, as a share of the "
        "activation on the filter's own",
    ),
}
"""Type and meaning of every column of a table; types as in Frictionless Table Schema."""

COLUMNS = tuple(MEANINGS)


@dataclass(frozen=True)
class LayerTwins(ResultFile):
    """Summary of the twins among a layer's filters.

    Attributes:
        layer: Keras name of the layer.
        compared: number of compared filters.
        silent: number of filters that do not fire on their own picture, and so have no twin.
        with_twin: number of filters that have a twin.
        remaining: number of groups of filters that differ by symmetries only.
        groups: indices of the filters of every group of two or more.
        rotation_step: pictures were rotated by all multiples of this angle, in degrees.
        threshold: the lowest score of twins.
        weights_digest: sha256 of the canonical weights.
    """

    error_text = "not a summary of twins"

    layer: str
    compared: int
    silent: int
    with_twin: int
    remaining: int
    groups: tuple[tuple[int, ...], ...]
    rotation_step: int
    threshold: float
    weights_digest: str

    @classmethod
    def from_pairs(
        cls,
        layer: str,
        filters: Sequence[int],
        silent: int,
        pairs: Sequence[Twins],
        **method: Any,
    ) -> "LayerTwins":
        """Summarise the twins of a layer; `method` is rotation_step, threshold, weights_digest."""
        all_groups = groups(pairs, filters)
        several = tuple(tuple(group) for group in all_groups if len(group) > 1)
        return cls(
            layer=layer,
            compared=len(filters),
            silent=silent,
            with_twin=sum(map(len, several)),
            remaining=len(all_groups),
            groups=several,
            **method,
        )

    @property
    def share(self) -> float:
        """Share of the compared filters that have a twin."""
        return self.with_twin / self.compared

    @property
    def largest_groups(self) -> list[tuple[int, ...]]:
        """The groups, largest first; groups of equal size by their lowest index."""
        return sorted(self.groups, key=lambda group: (-len(group), group))

    def to_json(self) -> bytes:
        """The summary as JSON; equal summaries give equal bytes."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


def table(pairs: Sequence[Twins]) -> bytes:
    """Twins as CSV, one row per pair, in the given order; scores are written exactly."""
    rows = (
        (pair.filter, pair.twin, pair.symmetry.angle, pair.symmetry.mirrored, pair.score)
        for pair in pairs
    )
    return to_csv(COLUMNS, rows)


def matrix(scores: np.ndarray, symmetries: Sequence[Symmetry], filters: Sequence[int]) -> bytes:
    """The scores of a layer as a NumPy archive (`.npz`), reduced to the best symmetry of each pair.

    Its arrays: `filters`, the indices; `score`, at [g, f] filter g's best score on filter f's
    picture; `angle` and `mirrored`, the symmetry of this score.

    Args:
        scores: (symmetries, filters, filters) float32.
        symmetries: the symmetries.
        filters: the filters' indices.
    """
    best = scores.argmax(axis=0)
    return npz(
        filters=np.array(filters, np.int32),
        score=scores.max(axis=0),
        angle=np.array([symmetry.angle for symmetry in symmetries], np.int16)[best],
        mirrored=np.array([symmetry.mirrored for symmetry in symmetries])[best],
    )


def markdown(layers: Sequence[LayerTwins]) -> str:
    """A Markdown table with one row per layer."""
    head = "| layer | compared | with a twin | share | remaining | largest group |\n"
    rows = [
        f"| {twins.layer} | {twins.compared:,} | {twins.with_twin:,} | {twins.share:.1%} "
        f"| {twins.remaining:,} | {max(map(len, twins.groups), default=1)} |\n"
        for twins in layers
    ]
    return "".join([head, "|---|---:|---:|---:|---:|---:|\n", *rows])
