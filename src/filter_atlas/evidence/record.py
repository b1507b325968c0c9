"""The files of evidence: one for each layer, a table of filters, and a list of photographs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from filter_atlas.base.result_file import ResultFile, json_by_index
from filter_atlas.base.tables import to_csv
from filter_atlas.readers.scaled_photograph import Placement

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Patch:
    """A part of a photograph that fires a filter.

    Attributes:
        photograph: place of the photograph in `LayerEvidence.photographs`.
        activation: greatest activation of the filter on the photograph.
        cell: row and column of the cell.
        box: left, top, right and bottom of what the cell sees, in pixels of the scaled photograph;
            the last two are exclusive. None if it is not known.
        clipped: whether the cell also sees padding beyond the square that the network sees.
    """

    photograph: int
    activation: float
    cell: tuple[int, int]
    box: Box | None
    clipped: bool


@dataclass(frozen=True)
class FilterEvidence:
    """How photographs fire one filter.

    Attributes:
        silent: number of photographs on which no cell fires.
        silent_share: the same as a share of all photographs.
        greatest: greatest activation on any photograph.
        mean: mean activation over all cells of all photographs.
        picture: greatest activation of any cell on the filter's own picture; None if there is none.
        natural_gap: `picture` over `greatest`; None if one of them is 0 or missing.
        naturally_silent: whether no photograph fires the filter.
        p90_activation, p50_activation: greatest activation on the photograph at this percentile.
        top: the photographs that fire it most, strongest first.
        p90, p50: photographs around the percentile, strongest first.
        maxima: number of photographs by their greatest activation, in bins from 0 to `greatest`.
        cell_counts: number of cells of all photographs in each bin of `LayerEvidence.cell_edges`.
    """

    silent: int
    silent_share: float
    greatest: float
    mean: float
    picture: float | None
    natural_gap: float | None
    naturally_silent: bool
    p90_activation: float
    p50_activation: float
    top: tuple[Patch, ...]
    p90: tuple[Patch, ...]
    p50: tuple[Patch, ...]
    maxima: tuple[int, ...]
    cell_counts: tuple[int, ...]

    @property
    def patches(self) -> tuple[Patch, ...]:
        """All patches, in the order of the heat maps."""
        return (*self.top, *self.p90, *self.p50)


@dataclass(frozen=True)
class LayerEvidence(ResultFile):
    """How photographs fire the filters of one layer.

    Attributes:
        layer: name of the layer.
        size: side of the square that the network saw, in pixels.
        cells: rows and columns of the layer's map.
        refusal: why the boxes of patches are not known; None if they are known.
        observed: number of photographs.
        photographs: digests of the photographs that patches are from.
        cell_edges: lower edges of the bins of `cell_counts`.
        weights_digest: sha256 of the canonical weights.
        code_digest: sha256 of the code that observed.
        devices: the devices that observed.
        versions: versions of the software that was used, by name.
        filters: the evidence by index of the filter.
    """

    error_text = "not the evidence of a layer"

    layer: str
    size: int
    cells: tuple[int, int]
    refusal: str | None
    observed: int
    photographs: tuple[str, ...]
    cell_edges: tuple[float, ...]
    weights_digest: str
    code_digest: str
    devices: tuple[str, ...]
    versions: dict[str, str]
    filters: dict[int, FilterEvidence]

    def to_json(self) -> bytes:
        """The file's content: JSON, one filter a line; equal evidence gives equal bytes."""
        return json_by_index(asdict(self), "filters", compact=True)


@dataclass(frozen=True)
class Credit:
    """Author and licence of a photograph of the sample; fields are those of `SamplePhoto`."""

    title: str
    author: str
    source: str
    licence: str
    licence_url: str
    category: str


@dataclass(frozen=True)
class PhotographEntry:
    """A photograph that was observed.

    Attributes:
        name: name of its file.
        width, height: its size, upright, in pixels.
        scaled: width and height as scaled for the network.
        square: left and top of the square that the network saw, in the scaled photograph.
        copy: whether there is a copy of the scaled photograph.
        credit: its author and licence, if it is of the sample.
    """

    name: str
    width: int
    height: int
    scaled: tuple[int, int]
    square: tuple[int, int]
    copy: bool
    credit: Credit | None

    @classmethod
    def from_placement(
        cls, name: str, placement: Placement, copy: bool, credit: Credit | None
    ) -> "PhotographEntry":
        """The entry of a photograph that lies so in the network's view."""
        return cls(name, *placement.original, placement.scaled, placement.square, copy, credit)


@dataclass(frozen=True)
class PhotographList(ResultFile):
    """All photographs of a run.

    Attributes:
        size: side of the square that the network saw, in pixels.
        photographs: by digest, in order.
        left_out: name of every file that could not be read, and the reason.
    """

    error_text = "not the list of photographs"

    size: int
    photographs: dict[str, PhotographEntry]
    left_out: tuple[tuple[str, str], ...]

    def to_json(self) -> bytes:
        """The list as JSON, one photograph a line; equal lists give equal bytes."""
        rows = ",\n".join(
            f'    "{digest}": {json.dumps(asdict(entry), separators=(",", ":"))}'
            for digest, entry in self.photographs.items()
        )
        return (
            f'{{\n  "size": {self.size},\n  "left_out": {json.dumps(self.left_out)},\n'
            f'  "photographs": {{\n{rows}\n  }}\n}}\n'
        ).encode()


COLUMNS = {
    "layer": ("string", "name of the layer"),
    "filter": ("integer", "index of the filter"),
    "silent_share": ("number", "share of the photographs on which no cell of the filter fires"),
    "greatest": ("number", "greatest activation on any photograph"),
    "p90": ("number", "greatest activation on the photograph at the 90th percentile"),
    "p50": ("number", "greatest activation on the photograph at the 50th percentile"),
    "mean": ("number", "mean activation over all cells of all photographs"),
    "picture": ("number", "greatest activation of any cell on the filter's own picture"),
    "natural_gap": ("number", "`picture` over `greatest`"),
    "naturally_silent": ("boolean", "whether no photograph fires the filter"),
    "digest": ("string", "sha256 of the photograph that fires it most"),
    "photograph": ("string", "name of this photograph"),
}
"""Type and meaning of every column of the table; types as in Frictionless Table Schema."""


def table(layers: Iterable[LayerEvidence], names: Mapping[str, str]) -> bytes:
    """The evidence of all filters as CSV, one row per filter.

    Args:
        layers: the evidence of the layers.
        names: the names of the photographs by digest.
    """
    rows = []
    for layer in layers:
        for index, evidence in sorted(layer.filters.items()):
            best = layer.photographs[evidence.top[0].photograph] if evidence.top else None
            rows.append(
                (
                    layer.layer,
                    index,
                    evidence.silent_share,
                    evidence.greatest,
                    evidence.p90_activation,
                    evidence.p50_activation,
                    evidence.mean,
                    evidence.picture,
                    evidence.natural_gap,
                    evidence.naturally_silent,
                    best,
                    names[best] if best else None,
                )
            )
    return to_csv(tuple(COLUMNS), rows)
