"""The record of a view: the photograph, and the filters that fire at each cell of every layer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from filter_atlas.base.result_file import ResultFile, json_by_index
from filter_atlas.networks.receptive_field import Axis, ReceptiveField, UnknownField
from filter_atlas.views.cells import StrongestFilters, as_text
from filter_atlas.views.groups import NO_GROUPS, NeuronGroups

LEAST = 0.02
"""Filters with less weight in its shares do not count as members of a group."""

Interval = tuple[int, int, bool]
"""First pixel, pixel after the last, and whether a row or column of cells also sees padding."""

Box = tuple[int, int, int, int]

Strong = tuple[int, float, float, int, int]
"""A filter that fires at a shown cell: its index, its activation, its share, and row and column of
the layer's cell that has the activation."""


Member = tuple[int, float, float]
"""A filter of a group: its index, its weight in the group's shares, and its weight in the group's
direction, which is in pre-activations."""


@dataclass(frozen=True)
class Group:
    """Filters of a layer that fire together.

    Attributes:
        filters: the filters that belong to it, the greatest weight, 1, first.
        strength: the group's greatest strength at any shown cell, in shares of its first filter.
        map: its strength at each shown cell, as in `cells.as_text`.
    """

    filters: tuple[Member, ...]
    strength: float
    map: str


@dataclass(frozen=True)
class LayerCells:
    """The filters of one layer that fire most at each shown cell.

    Attributes:
        cells: rows and columns of the layer's map.
        block: side of the squares of the layer's cells that are one shown cell.
        shown: rows and columns of shown cells.
        refusal: why it is not known what cells see; None if it is known.
        rows, columns: what each row and each column of the layer's cells sees, in pixels of the
            square; empty if it is not known.
        strongest: the filters of each shown cell, row by row, the greatest share first.
        maps: where a filter fires, by its index, as in `cells.StrongestFilters`.
        groups: the groups of filters that fire together; empty if they are not looked for.
        explained: share of the squared shares of all filters that the groups account for.
    """

    cells: tuple[int, int]
    block: int
    shown: tuple[int, int]
    refusal: str | None
    rows: tuple[Interval, ...]
    columns: tuple[Interval, ...]
    strongest: tuple[tuple[Strong, ...], ...]
    maps: dict[int, str]
    groups: tuple[Group, ...]
    explained: float

    @classmethod
    def from_filters(
        cls,
        cells: Sequence[int],
        found: StrongestFilters,
        field: ReceptiveField | UnknownField,
        filters: Sequence[int],
        groups: NeuronGroups = NO_GROUPS,
    ) -> "LayerCells":
        """The record of what was found in a layer.

        Args:
            cells: rows and columns of the layer's map.
            found: the strongest filters.
            field: what its cells see.
            filters: indices of the filters that take part.
            groups: its groups.
        """
        known = field if isinstance(field, ReceptiveField) else None
        rows, columns = found.filters.shape[:2]
        return cls(
            cells=(cells[0], cells[1]),
            block=found.block,
            shown=(rows, columns),
            refusal=None if known else field.reason,  # type: ignore[union-attr]
            rows=_intervals(known.rows) if known else (),
            columns=_intervals(known.columns) if known else (),
            strongest=tuple(
                _strong(found, row, column) for row in range(rows) for column in range(columns)
            ),
            maps=found.maps,
            groups=tuple(
                _group(weights, groups.places[..., place], filters, found.strengths)
                for place, weights in enumerate(groups.filters)
            ),
            explained=groups.explained,
        )

    def box(self, row: int, column: int) -> Box | None:
        """What a cell of the layer sees: left, top, right and bottom, in pixels of the square.

        The last two are exclusive. None if it is not known.
        """
        if self.refusal is not None:
            return None
        (top, bottom, _), (left, right, _) = self.rows[row], self.columns[column]
        return left, top, right, bottom

    @property
    def field(self) -> int | None:
        """Side of what a cell sees that is not clipped, in pixels; None if it is not known."""
        if self.refusal is not None:
            return None
        return max(high - low for low, high, _ in (*self.rows, *self.columns))


@dataclass(frozen=True)
class ViewRecord(ResultFile):
    """How the network sees a photograph. It has no time stamp: equal views have equal records.

    Attributes:
        name: name of the photograph's file, without its folder, which is private.
        digest: sha256 of the file.
        original: width and height of the photograph, upright, in pixels.
        scaled: the same, as scaled for the network.
        square: left and top of the square that the network saw, in the scaled photograph.
        size: side of this square, in pixels.
        compared: whether filters are compared with their strength on other photographs.
        weights_digest: sha256 of the canonical weights.
        device: kind of device that computed.
        versions: versions of the software that was used, by name.
        layers: the strongest filters of each layer, by its name.
    """

    error_text = "not the record of a view"

    name: str
    digest: str
    original: tuple[int, int]
    scaled: tuple[int, int]
    square: tuple[int, int]
    size: int
    compared: bool
    weights_digest: str
    device: str
    versions: dict[str, str]
    layers: dict[str, LayerCells]

    def to_json(self) -> bytes:
        """The file's content: JSON, one layer a line; equal views give equal bytes."""
        return json_by_index(asdict(self), "layers", compact=True)


def _strong(found: StrongestFilters, row: int, column: int) -> tuple[Strong, ...]:
    return tuple(
        (int(index), _shortest(activation), _shortest(share), int(cell[0]), int(cell[1]))
        for index, activation, share, cell in zip(
            found.filters[row, column],
            found.activations[row, column],
            found.shares[row, column],
            found.cells[row, column],
            strict=True,
        )
        if index >= 0
    )


def _group(
    weights: np.ndarray, places: np.ndarray, filters: Sequence[int], strengths: np.ndarray
) -> Group:
    members = [place for place in np.argsort(-weights, kind="stable") if weights[place] >= LEAST]
    direction = weights / strengths
    greatest = direction[members].max()
    return Group(
        filters=tuple(
            (filters[place], _rounded(weights[place]), _rounded(direction[place] / greatest))
            for place in members
        ),
        strength=_shortest(places.max()),
        map=as_text(places),
    )


def _rounded(value: np.float32) -> float:
    return float(f"{value:.4g}")


def _shortest(value: np.float32) -> float:
    """The number with the fewest digits that reads back as the same float32."""
    return float(str(value))


def _intervals(axis: Axis) -> tuple[Interval, ...]:
    return tuple(
        (low, high, clipped)
        for low, high, clipped in zip(
            axis.low.tolist(), axis.high.tolist(), axis.is_clipped.tolist(), strict=True
        )
    )
