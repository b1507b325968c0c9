"""The values of all measures as one table, and their summary by layer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from filter_atlas.base.formatting import format_number
from filter_atlas.base.tables import to_csv
from filter_atlas.measure.measures import MEASURES, Values, known_numbers
from filter_atlas.measure.record import PROOF

OWN = "positive"
"""Name of the filter's own picture in the column `variant`."""

ALL_LAYERS = "all layers"
"""Name of the summary over all layers, in place of a layer's name."""

MEANINGS: dict[str, tuple[str, str]] = {
    "variant": ("string", f"`{OWN}`, the filter's own picture, or the variant's name"),
    **{measure.name: (measure.type, measure.meaning) for measure in MEASURES},
}
"""Type and meaning of every column, in order; types as in Frictionless Table Schema."""

COLUMNS = tuple(MEANINGS)
"""The columns of the table, in order."""


def measures_csv(rows: Iterable[tuple[str, Values]]) -> bytes:
    """The table as CSV: a header, then one row for each picture, in the order given.

    Args:
        rows: for each picture its variant (`OWN`, or the variant's name), and the values of all
            measures (`measures.measure_values`).
    """
    return to_csv(
        COLUMNS,
        ((variant, *(values[measure.name] for measure in MEASURES)) for variant, values in rows),
    )


@dataclass(frozen=True)
class LayerSummary:
    """Counts and medians over the drawn filters of a layer.

    Filters without a value do not count in a median; it is None if no filter has one.

    Attributes:
        layer: Keras name of the layer, or `ALL_LAYERS`.
        drawn: number of filters that were drawn.
        alive: number of those that fire on their own picture.
        proved_silent: number of those that are proved to fire on no picture at all.
        final_activation: median activation on the last picture.
        robustness: median robustness.
        noisiness: median noisiness.
        shown_share: median of the activation on the 8-bit PNG as a share of the optimised one.
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


def summarise_layers(filters: Sequence[Values]) -> list[LayerSummary]:
    """A summary of every layer, in the order given, and a last one over all layers.

    Args:
        filters: the values of all measures of each filter's own picture.

    Returns:
        No summary where there is no filter.
    """
    if not filters:
        return []
    layers: dict[str, list[Values]] = {}
    for values in filters:
        layers.setdefault(str(values["layer"]), []).append(values)
    return [
        *(_summary(layer, drawn) for layer, drawn in layers.items()),
        _summary(ALL_LAYERS, filters),
    ]


def _summary(layer: str, filters: Sequence[Values]) -> LayerSummary:
    return LayerSummary(
        layer=layer,
        drawn=len(filters),
        alive=sum(values["alive"] is True for values in filters),
        proved_silent=sum(str(values["certificate"] or "").startswith(PROOF) for values in filters),
        final_activation=_median(filters, "final_activation"),
        robustness=_median(filters, "robustness"),
        noisiness=_median(filters, "noisiness"),
        shown_share=_median(filters, "shown_share"),
        first_share=sum(values["rank"] == 1 for values in filters) / len(filters),
    )


def _median(filters: Sequence[Values], measure: str) -> float | None:
    known = known_numbers(filters, measure)
    return median(known) if known else None


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


def summary_markdown(summaries: Iterable[LayerSummary]) -> str:
    """The summaries as a Markdown table, one row each; the row over all layers is bold."""
    rules = ("---", *["---:"] * (len(_HEADINGS) - 1))
    return "".join(
        f"| {' | '.join(row)} |\n" for row in (_HEADINGS, rules, *map(_markdown_row, summaries))
    )


def _markdown_row(summary: LayerSummary) -> list[str]:
    activation = summary.final_activation
    cells = [
        summary.layer,
        f"{summary.drawn:,}",
        f"{summary.alive:,}",
        f"{summary.proved_silent:,}",
        "–" if activation is None else format_number(activation),
        *map(
            _percent,
            (summary.robustness, summary.noisiness, summary.shown_share, summary.first_share),
        ),
    ]
    return [f"**{cell}**" for cell in cells] if summary.layer == ALL_LAYERS else cells


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
