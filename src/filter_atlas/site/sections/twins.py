"""Twins on the site: a page, links in the panels, a search, and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from filter_atlas.base.arrays import read_npz
from filter_atlas.base.errors import ResultsError
from filter_atlas.settings.family import Facts
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import Content, Flag, Link, LinkList, Page, Section, Table
from filter_atlas.twins import family, report
from filter_atlas.twins.report import LayerTwins

NEAREST = 5
"""Number of neighbours in a filter's panel, in addition to its twins."""


@dataclass(frozen=True)
class Neighbour:
    """Another filter of the layer that responds to a filter's picture.

    Attributes:
        filter: its index.
        score: its strongest response to that picture in any rotation or mirror image, as a share of
            its response to its own picture.
        angle: rotation of the picture for that response, in degrees.
        mirrored: whether the picture is mirrored as well.
        twin: whether the two filters are twins.
    """

    filter: int
    score: float
    angle: int
    mirrored: bool
    twin: bool


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    figure = loader.plot(family.FIGURE, "Share of each layer's filters that have a twin")
    if not figure:
        return Content()
    summaries = [
        (layer, LayerTwins.from_file(loader.find(family.path(layer.plan.name, "json"))))
        for layer in layers
    ]
    links = {}
    twins = set()
    files = {}
    for layer, summary in summaries:
        name = layer.plan.name
        path = f"twins/{layer.name}.csv"
        loader.link(f"data/{path}", family.path(name, "csv"))
        files[path] = name
        found = neighbours(loader.find(family.path(name, "npz")), summary)
        for index, others in found.items():
            links[name, index] = neighbour_links(layer, others)
        twins |= {(name, index) for group in summary.groups for index in group}
    return Content(
        pages=[
            Page("twins.html", "twins.html.j2", "Twins", {"figure": figure, "summaries": summaries})
        ],
        link_lists=[
            LinkList(
                name="neighbours",
                heading="Twins and nearest filters",
                links=links,
                note="Each percentage is the filter’s strongest response to this picture, rotated "
                "or mirrored, as a share of its response to its own picture.",
            )
        ],
        flags=[Flag("twin", "has a twin", twins)],
        layer_notes={
            summary.layer: f"{summary.with_twin} of them have a twin: another filter that responds "
            "to the same pattern, rotated or mirrored."
            for _, summary in summaries
            if summary.with_twin
        },
        tables=[
            Table(
                title="Twins",
                description="Pairs of twins among the filters of a layer.",
                columns=report.MEANINGS,
                files=files,
            )
        ],
    )


def neighbour_links(layer: LayerEntry, neighbours: Sequence[Neighbour]) -> list[Link]:
    """Links to those neighbours of a filter that are drawn.

    Args:
        layer: the layer of the filters.
        neighbours: the neighbours, in the order of the links.
    """
    drawn = ((neighbour, layer.by_index.get(neighbour.filter)) for neighbour in neighbours)
    return [
        Link(entry.url, entry.thumbnail.image.url, str(entry.index), _note(neighbour))
        for neighbour, entry in drawn
        if entry
    ]


def _note(neighbour: Neighbour) -> str:
    changes = [
        *(["mirrored"] if neighbour.mirrored else []),
        *([f"rotated {neighbour.angle}°"] if neighbour.angle else []),
    ]
    twin = "twin: " if neighbour.twin else ""
    return f"{twin}{neighbour.score:.0%} {' and '.join(changes) or 'unchanged'}"


def neighbours(matrix: Path, summary: LayerTwins) -> dict[int, tuple[Neighbour, ...]]:
    """For each filter of a layer, its twins, and the filters that respond most to its picture.

    Args:
        matrix: a layer's `.npz`, as `twins.report.matrix` writes it.
        summary: the layer's summary.

    Returns:
        By the filter's index: its twins first, then up to `NEAREST` others; each with the strongest
        response first.

    Raises:
        ResultsError: the file is damaged.
    """
    stored = read_npz(matrix, "not a matrix of twins")
    try:
        filters, score = stored["filters"].tolist(), stored["score"]
        angle, mirrored = stored["angle"], stored["mirrored"]
    except KeyError as error:
        raise ResultsError(
            f"{matrix}: not a matrix of twins ({error}); delete it and run again"
        ) from error
    groups = {member: set(group) for group in summary.groups for member in group}
    found = {}
    for column, index in enumerate(filters):
        own = groups.get(index, set())
        ranked = np.argsort(-score[:, column], kind="stable").tolist()
        ranked.remove(column)
        twins = [place for place in ranked if filters[place] in own]
        others = (
            place for place in ranked if filters[place] not in own and score[place, column] > 0
        )
        found[index] = tuple(
            Neighbour(
                filter=filters[place],
                score=float(score[place, column]),
                angle=int(angle[place, column]),
                mirrored=bool(mirrored[place, column]),
                twin=filters[place] in own,
            )
            for place in (*twins, *islice(others, NEAREST))
        )
    return found


TWINS = Section("twins", _load)
