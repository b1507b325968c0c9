"""Views on the site: a page for each photograph, with the filters that fire most at each place.

The data of a layer are a script, which the page loads when the layer is chosen. Without scripts, a
page has the mosaics, and the strongest filter of each ninth of the photograph as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filter_atlas.base.architecture import place_at_depth
from filter_atlas.base.formatting import format_number, format_share
from filter_atlas.base.sample_photos import SamplePhoto, sample_photos
from filter_atlas.evidence import family as evidence
from filter_atlas.settings.dreams import DEPTHS
from filter_atlas.settings.family import Facts
from filter_atlas.site import data, thumbnails
from filter_atlas.site.entries import FilterEntry, LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.pages import PageLink
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import Content, Page, Section
from filter_atlas.site.sections.beside import (
    OtherMosaic,
    at_same_depth,
    mosaics_of,
    network_name,
    read_views,
)
from filter_atlas.site.thumbnails import KIND
from filter_atlas.views import family
from filter_atlas.views.cells import LEVELS
from filter_atlas.views.places import COLOURS
from filter_atlas.views.record import LayerCells, Strong, ViewRecord
from filter_atlas.views.speakers import AttributionRecord, ClassSpeakers, Speaker
from filter_atlas.views.usual import Key, Usual, read_usual

MOSAIC_HEIGHT = 448
"""Height of a mosaic on a page, in pixels: 32 for each of 14 rows."""

THUMBNAIL_HEIGHT = 256

SPEAKERS = 5
"""Number of filters for a class, and against it, that are shown of a layer."""

MEMBERS = 4
"""Number of filters of a group that are shown."""

DIGITS = 4
"""Significant digits of the activations that pages show."""


@dataclass(frozen=True)
class Ninth:
    """The strongest filter in a ninth of the photograph.

    Attributes:
        filter: the filter.
        strength: its share, or its activation, as text.
        known_from: name of the photograph that fires it most; empty if it is not known.
    """

    filter: FilterEntry
    strength: str
    known_from: str


@dataclass(frozen=True)
class LayerMosaic:
    """What the page of a view shows about one layer.

    Attributes:
        layer: the layer.
        preview: the mosaic.
        url: its PNG.
        data: name of its data, for the script.
        field: side of what a cell sees, in pixels; None if it is not known.
        ninths: the strongest filter of each ninth, by rows; None where none fires.
    """

    layer: LayerEntry
    preview: Image
    url: str
    data: str
    field: int | None
    ninths: Sequence[Sequence[Ninth | None]]


@dataclass(frozen=True)
class GroupEntry:
    """A group of filters that fire together.

    Attributes:
        colour: its colour, as a CSS colour.
        filters: its first filters, and the weight of each, as text.
        more: number of its other filters.
    """

    colour: str
    filters: Sequence[tuple[FilterEntry, str]]
    more: int


@dataclass(frozen=True)
class LayerGroups:
    """The groups of one layer.

    Attributes:
        layer: the layer.
        places: where they are in the photograph.
        drawn: what fires them, side by side.
        explained: what they account for, as text.
        groups: the groups.
    """

    layer: LayerEntry
    places: Image
    drawn: Image
    explained: str
    groups: Sequence[GroupEntry]


Part = tuple[FilterEntry, str]
"""A filter that speaks for a class, or against it, and its part of the logit, as text."""


@dataclass(frozen=True)
class LayerSpeakers:
    """The filters of a layer that speak for a class.

    Attributes:
        layer: the layer.
        favour: those that speak for it.
        against: those that speak against it.
        fall: how much the logit falls without the ten that speak most for it, as text.
        random_fall: the greatest fall without ten random filters, as text.
    """

    layer: LayerEntry
    favour: Sequence[Part]
    against: Sequence[Part]
    fall: str
    random_fall: str


@dataclass(frozen=True)
class ClassEntry:
    """A class, and the layers whose filters speak for it.

    Attributes:
        name: its name.
        logit: its logit, as text.
        layers: the layers in which the test has confirmed it, the last of the network first.
        unconfirmed: number of the other layers.
    """

    name: str
    logit: str
    layers: Sequence[LayerSpeakers]
    unconfirmed: int


@dataclass(frozen=True)
class SeenPhotograph:
    """A photograph and its view.

    Attributes:
        url: its page.
        title: its title, or the name of its file.
        record: the record of the view.
        record_url: address of the record.
        picture: the photograph as scaled for the network.
        thumbnail: a small picture of it.
        credit: its author and licence, if it is of the sample.
    """

    url: str
    title: str
    record: ViewRecord
    record_url: str
    picture: Image
    thumbnail: Image
    credit: SamplePhoto | None


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    # A view without its photograph says nothing.
    if not facts.get("views") or not loader.metadata.photographs:
        return Content()
    usual = read_usual(loader.find(evidence.FILTERS)) if facts["observed"] else {}
    views = {name: _photograph(loader, name) for name in facts["views"]}
    pages = [Page("views.html", "views.html.j2", "Views", {"views": list(views.values())})]
    folder = Path(facts["beside"] or "")
    others = read_views(folder) if facts["beside"] else {}
    links = [PageLink(view.url, view.title) for view in views.values()]
    for place, (name, view) in enumerate(views.items()):
        other = others.get(view.record.digest)
        mosaics = [_layer(loader, name, view.record, layer, usual) for layer in layers]
        values = {
            "name": name,
            "view": view,
            "mosaics": mosaics,
            "classes": _classes(loader, name, layers) if facts["classified"] else [],
            "grouped": [
                _groups(loader, name, view.record, layer)
                for layer in layers
                if layer.plan.name in facts["grouped"]
            ],
            "other": other and network_name(folder, other[1]),
            "beside": _beside(loader, folder, name, other, mosaics) if other else [],
            "start": place_at_depth(DEPTHS["middle"], len(mosaics)),
            "previous": links[place - 1] if place else None,
            "following": links[place + 1] if place + 1 < len(links) else None,
        }
        pages.append(Page(view.url, "views_photograph.html.j2", values=values))
    return Content(pages)


def _photograph(loader: ResultsLoader, name: str) -> SeenPhotograph:
    record = ViewRecord.from_file(loader.find(family.path(name, "json")))
    credit = {photo.digest: photo for photo in sample_photos()}.get(record.digest)
    title = credit.title if credit else record.name
    copy = family.path(name, "webp")
    return SeenPhotograph(
        url=f"views/{name}.html",
        title=title,
        record=record,
        record_url=loader.link(f"views/{name}.json", family.path(name, "json")),
        picture=Image(loader.link(f"views/{name}.webp", copy), *record.scaled, title),
        # No layer's file has a dot in its name.
        thumbnail=loader.preview(f"views.list/{name}", copy, title, THUMBNAIL_HEIGHT),
        credit=credit,
    )


def _layer(
    loader: ResultsLoader,
    name: str,
    record: ViewRecord,
    layer: LayerEntry,
    usual: Mapping[Key, Usual],
) -> LayerMosaic:
    cells = record.layers[layer.plan.name]
    url = f"views/{name}/{layer.name}"
    result = family.mosaic(name, layer.plan.name)
    alt = f"The filters of {layer.plan.name} that fire most at each place of {record.name}"
    loader.write(f"data/{url}.js", _data(loader, url, record, layer, usual))
    return LayerMosaic(
        layer=layer,
        preview=loader.preview(url, result, alt, MOSAIC_HEIGHT),
        url=loader.link(f"{url}.png", result),
        data=url,
        field=cells.field,
        ninths=_ninths(record, layer, usual),
    )


def _beside(
    loader: ResultsLoader,
    folder: Path,
    name: str,
    other: tuple[str, ViewRecord],
    mosaics: Sequence[LayerMosaic],
) -> list[tuple[LayerMosaic, OtherMosaic]]:
    """Pairs of mosaics of both networks at the same relative depths."""
    url = f"views/{name}/beside"
    found = mosaics_of(loader, folder, *other, url, MOSAIC_HEIGHT)
    if not found:
        return []
    return [
        (mosaic, at_same_depth(found, place, len(mosaics))) for place, mosaic in enumerate(mosaics)
    ]


def _classes(loader: ResultsLoader, name: str, layers: Sequence[LayerEntry]) -> list[ClassEntry]:
    found = AttributionRecord.from_file(loader.find(family.attribution(name)))
    loader.link(f"views/{name}.classes.json", family.attribution(name))
    entries = []
    for place, score in enumerate(found.classes):
        spoken = [(layer, found.layers[layer.plan.name][place]) for layer in reversed(layers)]
        confirmed = [_speakers(layer, one) for layer, one in spoken if one.is_confirmed]
        logit = format_number(score.logit)
        entries.append(ClassEntry(score.name, logit, confirmed, len(spoken) - len(confirmed)))
    return entries


def _speakers(layer: LayerEntry, spoken: ClassSpeakers) -> LayerSpeakers:
    def parts(speakers: Sequence[Speaker]) -> list[Part]:
        return [(layer.by_index[one], format_number(part)) for one, part, _ in speakers[:SPEAKERS]]

    assert spoken.fall is not None, "only confirmed layers are shown"
    return LayerSpeakers(
        layer,
        parts(spoken.favour),
        parts(spoken.against),
        format_number(spoken.fall),
        format_number(max(spoken.random_falls)),
    )


def _groups(loader: ResultsLoader, name: str, record: ViewRecord, layer: LayerEntry) -> LayerGroups:
    cells = record.layers[layer.plan.name]
    places, drawn = (family.groups(name, layer.plan.name, kind) for kind in ("places", "drawn"))
    url, names = f"views/{name}", layer.plan.name
    return LayerGroups(
        layer=layer,
        places=loader.picture(
            f"{url}/places/{layer.name}.png", places, f"Where the groups of {names} are"
        ),
        drawn=loader.picture(
            f"{url}/drawn/{layer.name}.png", drawn, f"What fires the groups of {names}"
        ),
        explained=format_share(cells.explained),
        groups=[
            GroupEntry(
                colour=f"rgb{colour}",
                filters=[
                    (layer.by_index[index], format_share(weight))
                    for index, weight, _ in group.filters[:MEMBERS]
                ],
                more=max(0, len(group.filters) - MEMBERS),
            )
            for group, colour in zip(cells.groups, COLOURS, strict=False)
        ],
    )


def _data(
    loader: ResultsLoader,
    url: str,
    record: ViewRecord,
    layer: LayerEntry,
    usual: Mapping[Key, Usual],
) -> bytes:
    """The data of a layer for the page's script, which replaces stars by a filter's index."""
    cells = record.layers[layer.plan.name]
    strongest = [
        [
            (index, _rounded(activation), _rounded(share), *cell)
            for index, activation, share, *cell in one
        ]
        for one in cells.strongest
    ]
    page = f"filters/{layer.name}/*.html"
    known = [
        entry.index
        for entry in layer.filters
        if (found := usual.get(entry.key)) and found.strength > 0
    ]
    return data.script(
        url,
        {
            "layer": layer.plan.name,
            "size": record.size,
            "compared": record.compared,
            "cells": cells.cells,
            "block": cells.block,
            "shown": cells.shown,
            "refusal": cells.refusal,
            "rows": [interval[:2] for interval in cells.rows],
            "columns": [interval[:2] for interval in cells.columns],
            "strongest": strongest,
            "levels": LEVELS,
            "maps": cells.maps,
            "page": page if loader.metadata.filter_pages else f"{layer.url}#filter-*",
            "thumbnail": thumbnails.address(f"{layer.name}/*"),
            "patches": f"patches/{layer.name}/*.{KIND}",
            "observed": known,
        },
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _ninths(
    record: ViewRecord, layer: LayerEntry, usual: Mapping[Key, Usual]
) -> list[list[Ninth | None]]:
    """The strongest filter of each ninth of the square, by rows."""
    cells = record.layers[layer.plan.name]
    return [
        [_ninth(record, layer, usual, _strongest(cells, row, column)) for column in range(3)]
        for row in range(3)
    ]


def _strongest(cells: LayerCells, row: int, column: int) -> Strong | None:
    rows, columns = cells.shown
    inside = [
        cell[0]
        for place, cell in enumerate(cells.strongest)
        if cell and (place // columns * 3 // rows, place % columns * 3 // columns) == (row, column)
    ]
    return max(inside, key=lambda strong: strong[2], default=None)


def _ninth(
    record: ViewRecord, layer: LayerEntry, usual: Mapping[Key, Usual], strong: Strong | None
) -> Ninth | None:
    if strong is None:
        return None
    index, activation, share, *_ = strong
    entry = layer.by_index[index]
    known = usual.get(entry.key)
    name = known.photograph if known else ""
    return Ninth(
        entry,
        format_share(share) if record.compared else format_number(activation),
        _titles().get(name, name),
    )


@cache
def _titles() -> Mapping[str, str]:
    """The titles of the photographs of the sample, by the names of their files."""
    return {photo.path.name: photo.title for photo in sample_photos()}


def _needs(facts: Facts) -> Mapping[str, Sequence[str]]:
    return {
        f"view {name}": (family.path(name, "json"), family.path(name, "webp"))
        for name in facts.get("views", ())
    }


VIEWS = Section(family.NAME, _load, _needs)
