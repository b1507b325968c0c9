"""Views of photographs: results made by hand, of the kind that a run makes."""

from typing import TYPE_CHECKING

import numpy as np

from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.networks.receptive_field import Axis, ReceptiveField, UnknownField
from filter_atlas.views import family
from filter_atlas.views.cells import strongest_filters
from filter_atlas.views.groups import find_groups
from filter_atlas.views.mosaic import CELL
from filter_atlas.views.record import LayerCells, ViewRecord
from filter_atlas.views.speakers import AttributionRecord, ClassScore, ClassSpeakers

from .observed import SCALED, SIZE, SQUARE, photograph

if TYPE_CHECKING:
    from .results import Run

CELLS = 16
"""Rows and columns of a layer's map; two of them are one shown cell."""

SHOWN = 8


def see(
    run: "Run",
    views: tuple[str, ...] = ("owl", "mine"),
    compared: bool = True,
    known: bool = True,
    beside: str | None = None,
) -> None:
    """Write the results of views.

    Args:
        run: the run.
        views: names of the views; those of photographs of the sample are theirs.
        compared: whether filters are compared with their strength on other photographs.
        known: whether it is known what cells see.
        beside: folder of the results of another atlas.
    """
    grouped = [run.layers[-1].name]
    classified = True
    sample = {photo.path.stem: photo.digest for photo in sample_photos()}
    for number, view in enumerate(views):
        record = ViewRecord(
            name=f"{view}.jpg",
            digest=sample.get(view, f"{number:064}"),
            original=(2 * SCALED[0], 2 * SCALED[1]),
            scaled=SCALED,
            square=SQUARE,
            size=SIZE,
            compared=compared,
            weights_digest="d" * 64,
            device="CPU",
            versions={"tensorflow": "2.21.0"},
            layers={
                layer.name: _cells(number + place, layer.filters, known, layer.name in grouped)
                for place, layer in enumerate(run.layers)
            },
        )
        run.write(family.path(view, "json"), record.to_json())
        run.write(family.path(view, "webp"), photograph(number))
        for layer in run.layers:
            run.paint(family.mosaic(view, layer.name), (SHOWN * CELL, SHOWN * CELL), number)
        run.write(family.attribution(view), _attribution(run).to_json())
        for name in grouped:
            run.paint(family.groups(view, name, "drawn"), (256, 128), number)
            run.paint(family.groups(view, name, "places"), (SIZE, SIZE), number)
    observed = "evidence" in run.metadata.families
    facts = {
        "views": list(views),
        "observed": observed,
        "grouped": grouped,
        "classified": classified,
        "beside": beside,
    }
    run.add_facts("views", facts)


def _cells(seed: int, filters: tuple[int, ...], known: bool, grouped: bool) -> LayerCells:
    activations = np.random.RandomState(seed).normal(0, 1, (CELLS, CELLS, len(filters)))
    found = strongest_filters(
        np.maximum(activations, 0).astype(np.float32), filters, [4.0] * len(filters)
    )
    groups = find_groups(found.every, 2 if grouped else 0)
    axis = Axis.of_picture(SIZE).window(2, 2).window(3, padding="same")
    field = ReceptiveField(axis, axis) if known else UnknownField("it has a layer of your own")
    return LayerCells.from_filters((CELLS, CELLS), found, field, filters, groups)


def _attribution(run: "Run") -> AttributionRecord:
    """Two classes; the test confirms the filters of every layer but the first."""
    layers: dict[str, tuple[ClassSpeakers, ...]] = {}
    for place, layer in enumerate(run.layers):
        first, last = layer.filters[0], layer.filters[-1]
        spoken = ClassSpeakers(
            ((last, 2.5, 2.0),), ((first, -1.25, -1.0),), 0.001, float(place), (0.0, 0.5)
        )
        layers[layer.name] = (spoken, spoken)
    scores = (ClassScore(24, "great grey owl", 9.5), ClassScore(18, "magpie", 4.25))
    return AttributionRecord("d" * 64, None, scores, layers)
