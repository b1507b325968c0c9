"""What is written about twins: a table and a matrix for each layer, and a summary of them all."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from filter_atlas.errors import ResultsError
from filter_atlas.twins.matching import Twins, groups
from filter_atlas.twins.turn import Turn

MEANINGS = {
    "filter": ("integer", "index of the one with the lower index"),
    "twin": ("integer", "index of the other"),
    "angle": ("integer", "degrees, counter-clockwise, by which the twin's picture is turned"),
    "mirrored": ("boolean", "whether left and right are swapped before that"),
    "score": (
        "number",
        "the lower one of both activations on the other's turned picture, as a "
        "share of that on its own",
    ),
}
"""The type and meaning of every column of a table; types as in Frictionless Table Schema."""

COLUMNS = tuple(MEANINGS)


@dataclass(frozen=True)
class LayerTwins:
    """What came of a layer's filters.

    Attributes:
        layer: Keras name of the layer.
        compared: how many filters were compared.
        silent: how many of them do not fire on their own picture, and so cannot have a twin.
        with_twin: how many have one.
        remaining: how many would remain if rotations and mirrors were free.
        groups: indices of the filters that are one but for turns, for every group of several.
        turn: the angle that all turns are multiples of, in degrees.
        threshold: the lowest score that made twins.
        weights_digest: sha256 of the canonical weights.
    """

    layer: str
    compared: int
    silent: int
    with_twin: int
    remaining: int
    groups: tuple[tuple[int, ...], ...]
    turn: int
    threshold: float
    weights_digest: str

    @classmethod
    def of(
        cls,
        layer: str,
        filters: Sequence[int],
        silent: int,
        pairs: Sequence[Twins],
        **found_with: Any,
    ) -> "LayerTwins":
        """Sum up the twins of a layer; `found_with` holds turn, threshold and weights_digest."""
        gathered = groups(pairs, filters)
        several = tuple(tuple(group) for group in gathered if len(group) > 1)
        return cls(
            layer=layer,
            compared=len(filters),
            silent=silent,
            with_twin=sum(map(len, several)),
            remaining=len(gathered),
            groups=several,
            **found_with,
        )

    @property
    def share(self) -> float:
        """Share of the compared filters that have a twin."""
        return self.with_twin / self.compared

    @property
    def largest_groups(self) -> list[tuple[int, ...]]:
        """The groups, the largest first; of equal ones that with the lowest index."""
        return sorted(self.groups, key=lambda group: (-len(group), group))

    def to_json(self) -> bytes:
        """The summary as it is written; equal values, equal bytes."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()

    @classmethod
    def read(cls, path: str | Path) -> "LayerTwins":
        """Read a summary back.

        Raises:
            ResultsError: the file is missing or is no such summary.
        """
        try:
            fields = json.loads(Path(path).read_bytes())
            return cls(**{**fields, "groups": tuple(map(tuple, fields["groups"]))})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ResultsError(
                f"{path}: not a summary of twins ({error}); delete it and run again"
            ) from error


def table(pairs: Sequence[Twins]) -> bytes:
    """Twins as CSV, a row each, in the order given; floats read back exactly."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for pair in pairs:
        mirrored = str(pair.turn.mirrored).lower()
        row = (pair.filter, pair.twin, pair.turn.angle, mirrored, repr(pair.score))
        writer.writerow(row)
    return text.getvalue().encode()


def matrix(scores: np.ndarray, turns: Sequence[Turn], filters: Sequence[int]) -> bytes:
    """The scores of a layer as a NumPy archive (`.npz`), reduced to every pair's best turn.

    Its arrays: `filters`, the indices; `score`, at [g, f] filter g's best score on filter f's
    picture; `angle` and `mirrored`, the turn it has it in.

    Args:
        scores: (turns, filters, filters) float32.
        turns: the turns.
        filters: the filters' indices.
    """
    best = scores.argmax(axis=0)
    file = io.BytesIO()
    np.savez(
        file,
        filters=np.array(filters, np.int32),
        score=scores.max(axis=0),
        angle=np.array([turn.angle for turn in turns], np.int16)[best],
        mirrored=np.array([turn.mirrored for turn in turns])[best],
    )
    return file.getvalue()


def markdown(layers: Sequence[LayerTwins]) -> str:
    """A Markdown table with a row for each layer."""
    head = "| layer | compared | with a twin | share | remaining | largest group |\n"
    rows = [
        f"| {one.layer} | {one.compared:,} | {one.with_twin:,} | {one.share:.1%} "
        f"| {one.remaining:,} | {max(map(len, one.groups), default=1)} |\n"
        for one in layers
    ]
    return "".join([head, "|---|---:|---:|---:|---:|---:|\n", *rows])
