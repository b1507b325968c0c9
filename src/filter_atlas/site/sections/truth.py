"""Truth on the site: how much each picture tells, in words, and a table of the layers."""

from collections.abc import Sequence
from math import hypot

from filter_atlas.settings.family import Facts
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import (
    Column,
    Content,
    Flag,
    Page,
    PanelPart,
    PartContent,
    Section,
    Table,
)
from filter_atlas.truth import family
from filter_atlas.truth.record import BEYOND, COLUMNS, SILENT, FilterTruth, LayerTruth
from filter_atlas.truth.score import Score

ERRORS = 2.0
"""A difference counts if it is larger than this number of its standard errors."""

_CARE = {
    SILENT: "No photograph fires this filter: read its picture with care.",
    BEYOND: "The picture fires the filter far more than photographs do, compared with the layer’s "
    "other filters: read it with care.",
}


def verdict(layer: LayerTruth, one: FilterTruth) -> str:
    """How much the picture of a filter tells, in words.

    Args:
        layer: what the observer says about the filter's layer.
        one: what it says about the filter.
    """
    for flag, text in _CARE.items():
        if flag in one.flags:
            return text
    if one.refusal or layer.refusal:
        return f"Not tested: {one.refusal or layer.refusal}."
    if layer.control and not layer.is_sound:
        return "Not certain: in this layer, other filters’ pictures do not score 0.50 ± 0.02."
    if one.flags:
        return "The picture does not tell which photographs fire the filter."
    picture, nine = one.scores["picture"], one.scores.get("nine_exemplars")
    if nine is None:
        return "This picture tells something about which photographs fire the filter."
    difference, error = picture.value - nine.value, hypot(picture.error, nine.error)
    if difference > ERRORS * error:
        return "This picture tells more than nine photographs do."
    if difference < -ERRORS * error:
        return "Nine photographs tell more than this picture does."
    return "This picture tells about as much as nine photographs do."


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    if not facts.get("observer"):
        return Content()
    found = [
        (layer, LayerTruth.from_file(loader.find(family.path(layer.plan.name)))) for layer in layers
    ]
    each = [
        (entry.key, truth, truth.filters[entry.index])
        for layer, truth in found
        for entry in layer.filters
    ]
    path = "truth/filters.csv"
    loader.link(f"data/{path}", family.FILTERS)
    scores = {key: one.scores["picture"].value for key, _, one in each if "picture" in one.scores}
    return Content(
        pages=[Page("truth.html", "truth.html.j2", "Truth", {"summaries": found})],
        flags=[
            Flag("care", "picture to be read with care", {key for key, _, one in each if one.flags})
        ],
        columns=[Column("truth", scores, ("tells least first", "tells most first"))],
        parts=[
            PanelPart(
                "truth_panel.html.j2",
                {key: PartContent(_texts(truth, one)) for key, truth, one in each},
            )
        ],
        methods=["truth_methods.html.j2"],
        tables=[
            Table(
                title="Truth",
                description="How much the pictures of all filters tell an independent network.",
                columns=COLUMNS,
                files={path: "all layers"},
            )
        ],
    )


def _texts(layer: LayerTruth, one: FilterTruth) -> dict[str, str]:
    return {
        "truth_verdict": verdict(layer, one),
        "truth_picture": _score(one.scores.get("picture")),
        "truth_nine": _score(one.scores.get("nine_exemplars")),
        "truth_control": _number(one.control),
        "truth_path": _number(one.path_similarity),
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _score(score: Score | None) -> str:
    return f"{score.value:.2f} ± {score.error:.2f}" if score else "–"


TRUTH = Section(family.NAME, _load)
