"""The files of circuits: one for each layer, two tables of its filters, and a summary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from filter_atlas.base.formatting import format_share
from filter_atlas.base.result_file import ResultFile, json_by_index
from filter_atlas.base.tables import to_csv
from filter_atlas.circuits.agreement import Fed
from filter_atlas.circuits.families import Families
from filter_atlas.circuits.wiring import Neighbour, Strongest
from filter_atlas.networks.sources import PICTURE


@dataclass(frozen=True)
class LayerSource:
    """What feeds a layer.

    Attributes:
        layer: name of the convolution; empty for the picture.
        between: what lies between, from below to above, in words.
        filters: the filter of the convolution in each channel of the layer's input; -1 for none.
        drawn: whether its filters are drawn.
    """

    layer: str
    between: tuple[str, ...]
    filters: tuple[int, ...]
    drawn: bool


@dataclass(frozen=True)
class FarSource:
    """A filter several layers below, and its weights as if the network were linear.

    Attributes:
        convolutions: number of convolutions that the weights go through.
        neighbour: the filter.
    """

    convolutions: int
    neighbour: Neighbour


@dataclass(frozen=True)
class FilterCircuit:
    """How one filter is built, and what is built from it.

    Attributes:
        sources: the strongest filters below, by weight.
        targets: the strongest filters above, by weight.
        on_picture: what feeds it on its own picture.
        on_exemplars: what feeds it on the photographs that fire it most; None without photographs.
        expanded: the strongest filters two and three convolutions below.
        pixels: its weights on each channel of the picture, as if the network were linear, as texts
            (see `tiles`); empty if they are too many, or if something is not linearised.
    """

    sources: Strongest
    targets: Strongest
    on_picture: Fed
    on_exemplars: Fed | None
    expanded: tuple[FarSource, ...]
    pixels: tuple[str, ...]

    @property
    def evidence(self) -> Fed:
        """What feeds it on its exemplars; on its own picture, if there are none."""
        return self.on_exemplars or self.on_picture


@dataclass(frozen=True)
class LayerCircuits(ResultFile):
    """The circuits of the filters of one layer.

    Attributes:
        layer: name of the layer.
        refusal: why its sources are not known; None if they are.
        sources: what feeds it.
        targets: names of the layers that it feeds, as far as they are known.
        channels: names of the channels of the picture.
        families: its filters, grouped by what feeds them.
        twins: indices of the filters that have a twin.
        weights_digest: sha256 of the canonical weights.
        device: the device that computed.
        versions: versions of the software that was used, by name.
        filters: the circuits by index of the filter.
    """

    error_text = "not the circuits of a layer"

    layer: str
    refusal: str | None
    sources: tuple[LayerSource, ...]
    targets: tuple[str, ...]
    channels: tuple[str, ...]
    families: Families
    twins: tuple[int, ...]
    weights_digest: str
    device: str
    versions: dict[str, str]
    filters: dict[int, FilterCircuit]

    def origins(self, channel: int) -> list[tuple[str, int]]:
        """The filters that a channel of the layer's input comes from: layer and index of each."""
        found = [(one.layer, one.filters[channel]) for one in self.sources]
        return list(dict.fromkeys((layer, index) for layer, index in found if index >= 0))

    def to_json(self) -> bytes:
        """The file's content: JSON, one filter a line; equal circuits give equal bytes."""
        return json_by_index(asdict(self), "filters", compact=True)


COLUMNS = {
    "layer": ("string", "name of the layer"),
    "filter": ("integer", "index of the filter"),
    "list": (
        "string",
        "`sources` and `targets`: by weight; `picture`: contributions on its own picture; "
        "`exemplars`: mean contributions on the photographs that fire it most; `two` and `three`: "
        "sources so many convolutions below, as if the network were linear",
    ),
    "sign": ("string", "`excitatory` or `inhibitory`"),
    "rank": ("integer", "place in the list, from 1"),
    "other_layer": ("string", "name of the other layer; `picture` for the picture"),
    "other_filter": ("integer", "index of the other filter, or of the colour"),
    "value": ("number", "sum of the weights between the two, or contribution"),
    "norm": ("number", "root of the sum of the squares of the weights between the two"),
}
"""Type and meaning of every column of a layer's table; types as in Frictionless Table Schema."""

FILTER_COLUMNS = {
    "layer": ("string", "name of the layer"),
    "filter": ("integer", "index of the filter"),
    "exemplars": ("integer", "number of exemplars that were looked at"),
    "pre_activation": ("number", "mean pre-activation on these; without any, on its picture"),
    "error": (
        "number",
        "difference between the pre-activation and the sum of contributions and bias, as a share "
        "of the sum of their absolute values",
    ),
    "agreement_picture": (
        "integer",
        "number of the strongest excitatory channels on its picture that are among the strongest "
        "by weight",
    ),
    "agreement_exemplars": ("integer", "the same on its exemplars"),
    "family": ("integer", "number of its family in the layer, from 1: filters that are fed alike"),
    "medoid": ("integer", "index of the filter in the middle of this family"),
    "twin": ("boolean", "whether it has a twin"),
}
"""Type and meaning of every column of the table of all filters."""


def layer_table(circuits: LayerCircuits) -> bytes:
    """The neighbours of a layer's filters as CSV: one row for each neighbour in each list."""
    return to_csv(
        tuple(COLUMNS),
        (
            (circuits.layer, index, *row)
            for index, one in sorted(circuits.filters.items())
            for row in _rows(circuits, one)
        ),
    )


def filter_table(layers: Iterable[LayerCircuits]) -> bytes:
    """One row for each filter of all layers, as CSV."""
    return to_csv(tuple(FILTER_COLUMNS), (row for layer in layers for row in _filter_rows(layer)))


def markdown(layers: Sequence[LayerCircuits]) -> str:
    """A table with one row per layer."""
    head = (
        "| layer | fed by | between | agreement, pictures | agreement, exemplars | families "
        "| silhouette |\n|---|---|---|---:|---:|---:|---:|\n"
    )
    return head + "".join(map(_summary_row, layers))


def _rows(circuits: LayerCircuits, one: FilterCircuit) -> Iterator[tuple[object, ...]]:
    for name, strongest in (("sources", one.sources), ("targets", one.targets)):
        for sign in ("excitatory", "inhibitory"):
            for rank, other in enumerate(getattr(strongest, sign), start=1):
                yield name, sign, rank, *_named(other), other.weight, other.norm
    for name, fed in (("picture", one.on_picture), ("exemplars", one.on_exemplars)):
        for sign in ("excitatory", "inhibitory") if fed else ():
            for rank, each in enumerate(getattr(fed, sign), start=1):
                for layer, index in circuits.origins(each.channel):
                    yield name, sign, rank, layer or "picture", index, each.value, None
    for convolutions, name in ((2, "two"), (3, "three")):
        far = [each.neighbour for each in one.expanded if each.convolutions == convolutions]
        for sign, way in (("excitatory", 1), ("inhibitory", -1)):
            own = [other for other in far if way * other.weight > 0]
            for rank, other in enumerate(own, start=1):
                yield name, sign, rank, *_named(other), other.weight, other.norm


def _named(other: Neighbour) -> tuple[str, int]:
    return (other.layer if other.layer != PICTURE else "picture"), other.filter


def _filter_rows(layer: LayerCircuits) -> Iterator[tuple[object, ...]]:
    family = {
        index: (number, one.medoid)
        for number, one in enumerate(layer.families.families, start=1)
        for index in one.filters
    }
    for index, one in sorted(layer.filters.items()):
        yield (
            layer.layer,
            index,
            one.on_exemplars.cells if one.on_exemplars else 0,
            one.evidence.pre_activation,
            one.evidence.error,
            one.on_picture.agreement,
            one.on_exemplars.agreement if one.on_exemplars else None,
            *family.get(index, (None, None)),
            index in layer.twins,
        )


def _summary_row(layer: LayerCircuits) -> str:
    if layer.refusal:
        return f"| {layer.layer} | not known: {layer.refusal} |" + " |" * 5 + "\n"
    each = list(layer.filters.values())
    pictures = [one.on_picture.share for one in each]
    exemplars = [one.on_exemplars.share for one in each if one.on_exemplars]
    found = layer.families
    names = dict.fromkeys(one.layer or "picture" for one in layer.sources)
    between = dict.fromkeys(name for one in layer.sources for name in one.between)
    cells = [
        layer.layer,
        ", ".join(names),
        ", ".join(between) or "–",
        format_share(median(pictures)),
        format_share(median(exemplars)) if exemplars else "–",
        str(len(found.families)) if found.families else "–",
        f"{found.silhouette:.2f}" if found.silhouette is not None else "–",
    ]
    return f"| {' | '.join(cells)} |\n"
