"""Measures of every picture as one table, and their summary by layer."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from filter_atlas.numerals import spell
from filter_atlas.record import PROOF, Record

OWN = "positive"
"""The variant of the atlas's own pictures: what a filter is excited by."""

ALL_LAYERS = "all layers"
"""Where a summary names its layer: the summary over every one of them."""

Cell = str | int | float | bool | None


def alive(record: Record) -> bool:
    """Whether the filter fires at all on its own picture."""
    return record.final_activation > 0


def gain(record: Record) -> float | None:
    """By what factor the activation rose from the start; None where it started at 0."""
    return _ratio(record.final_activation, record.start_activation)


def shown_share(record: Record) -> float | None:
    """What people see, 8 bits of it, as a share of what was optimised; None where that is 0."""
    return _ratio(record.quality.shown_activation, record.final_activation)


def _ratio(of: float, to: float) -> float | None:
    return of / to if to else None


_MEASURES: dict[str, Callable[[Record], Cell]] = {
    "layer": lambda record: record.layer,
    "filter": lambda record: record.filter,
    "alive": alive,
    "start_activation": lambda record: record.start_activation,
    "final_activation": lambda record: record.final_activation,
    "final_peak": lambda record: record.final_peak,
    "gain": gain,
    "final_pre_activation": lambda record: record.final_pre_activation,
    "attempts": lambda record: record.attempts,
    "shown_activation": lambda record: record.quality.shown_activation,
    "shown_peak": lambda record: record.quality.shown_peak,
    "shown_share": shown_share,
    "shift_robustness": lambda record: record.quality.shift_robustness,
    "turn_robustness": lambda record: record.quality.turn_robustness,
    "robustness": lambda record: record.quality.robustness,
    "noisiness": lambda record: record.quality.noisiness,
    "saturated": lambda record: record.quality.saturated,
    "rank": lambda record: record.quality.rank,
    "z_score": lambda record: record.quality.z_score,
    "certificate": lambda record: record.certificate,
}

COLUMNS = ("variant", *_MEASURES)
"""The columns of the table, in order."""

MEANINGS = {
    "variant": ("string", f"`{OWN}`, the filter's own picture, or the variant's name"),
    "layer": ("string", "Keras name of the layer"),
    "filter": ("integer", "index of the filter in its layer, from 0"),
    "alive": ("boolean", "whether the final activation is above 0"),
    "start_activation": ("number", "mean activation, after ReLU, on the noise at the start"),
    "final_activation": ("number", "mean activation on the last picture, before it became 8 bits"),
    "final_peak": ("number", "greatest activation of any cell on the last picture"),
    "gain": ("number", "final_activation / start_activation"),
    "final_pre_activation": ("number", "mean before ReLU on the last picture"),
    "attempts": ("integer", "how many starts it took"),
    "shown_activation": ("number", "mean activation on the 8-bit PNG"),
    "shown_peak": ("number", "greatest activation of any cell on the 8-bit PNG"),
    "shown_share": ("number", "shown_activation / final_activation"),
    "shift_robustness": ("number", "share of shown_activation left after shifts by 4 pixels"),
    "turn_robustness": ("number", "share of shown_activation left after turns by 5 degrees"),
    "robustness": ("number", "mean of both"),
    "noisiness": ("number", "share of spectral energy above half of Nyquist's frequency"),
    "saturated": ("number", "share of values that are 0 or 255"),
    "rank": ("integer", "place among all filters of the layer by activation on this picture"),
    "z_score": ("number", "standard deviations above the mean of the layer's filters on it"),
    "certificate": ("string", "why the filter is silent on its own picture, where it is"),
}
"""The type and meaning of every column, in order; types as in Frictionless Table Schema."""


def table(records: Iterable[tuple[str, Record]]) -> bytes:
    """The measures as CSV: a header, then a row for each record, in the order given.

    Args:
        records: each with its variant: `OWN`, or the variant's name.

    Returns:
        UTF-8 with "\\n" line ends. Floats read back exactly; what there is none of is empty.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for variant, record in records:
        writer.writerow([variant, *(_spelt(measure(record)) for measure in _MEASURES.values())])
    return text.getvalue().encode()


def _spelt(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(float(cell)) if isinstance(cell, float) else str(cell)


@dataclass(frozen=True)
class LayerSummary:
    """What came of a layer's filters.

    Medians are over the filters that have the measure; None where none has.

    Attributes:
        layer: Keras name of the layer, or `ALL_LAYERS`.
        drawn: how many filters were drawn.
        alive: how many of them fire on their own picture.
        proved_silent: how many are proved to fire on no picture at all.
        final_activation: median activation on the last picture.
        robustness: median robustness.
        noisiness: median noisiness.
        shown_share: median of what people see as a share of what was optimised.
        first_share: share of the drawn filters that fire more than any other of their layer on
            their own picture.
    """

    layer: str
    drawn: int
    alive: int
    proved_silent: int
    final_activation: float | None
    robustness: float | None
    noisiness: float | None
    shown_share: float | None
    first_share: float


def summary(records: Sequence[Record]) -> list[LayerSummary]:
    """A summary of every layer, in network order, and of them all as the last.

    Without records there is nothing to sum up: the list is empty.
    """
    if not records:
        return []
    layers = [_summary(layer, drawn) for layer, drawn in by_layer(records).items()]
    return [*layers, _summary(ALL_LAYERS, records)]


def by_layer(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each layer that has any; layers and records in the order they come in."""
    layers: dict[str, list[Record]] = {}
    for record in records:
        layers.setdefault(record.layer, []).append(record)
    return layers


def _summary(layer: str, records: Sequence[Record]) -> LayerSummary:
    return LayerSummary(
        layer=layer,
        drawn=len(records),
        alive=sum(alive(record) for record in records),
        proved_silent=sum((record.certificate or "").startswith(PROOF) for record in records),
        final_activation=_median(record.final_activation for record in records),
        robustness=_median(record.quality.robustness for record in records),
        noisiness=_median(record.quality.noisiness for record in records),
        shown_share=_median(shown_share(record) for record in records),
        first_share=sum(record.quality.rank == 1 for record in records) / len(records),
    )


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return median(found) if found else None


_HEADINGS = (
    "layer",
    "drawn",
    "alive",
    "proved silent",
    "activation",
    "robustness",
    "noisiness",
    "shown / optimised",
    "ranks first",
)


def markdown(summaries: Iterable[LayerSummary]) -> str:
    """A Markdown table with a row for each summary; that of `ALL_LAYERS` stands out in bold."""
    rules = ("---", *["---:"] * (len(_HEADINGS) - 1))
    return "".join(
        f"| {' | '.join(row)} |\n" for row in (_HEADINGS, rules, *map(_markdown_row, summaries))
    )


def _markdown_row(of: LayerSummary) -> list[str]:
    cells = [
        of.layer,
        f"{of.drawn:,}",
        f"{of.alive:,}",
        f"{of.proved_silent:,}",
        "–" if of.final_activation is None else spell(of.final_activation),
        *map(_percent, (of.robustness, of.noisiness, of.shown_share, of.first_share)),
    ]
    return [f"**{cell}**" for cell in cells] if of.layer == ALL_LAYERS else cells


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
