"""Evidence on the site: the photographs that fire a filter, the filters that a photograph fires.

Every photograph has a page, with a place for each patch that is shown of it. Pages are named by the
photograph's digest, so that a new photograph changes no address.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from filter_atlas.base.arrays import read_npz
from filter_atlas.base.errors import ResultsError
from filter_atlas.base.formatting import format_number, format_ordinal, format_share
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.base.tables import to_csv
from filter_atlas.evidence import family
from filter_atlas.evidence.record import (
    COLUMNS,
    Box,
    FilterEvidence,
    LayerEvidence,
    Patch,
    PhotographEntry,
    PhotographList,
)
from filter_atlas.settings.family import Facts
from filter_atlas.site import histogram, sprites
from filter_atlas.site.entries import FilterEntry, LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.pages import PageLink
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import (
    Column,
    Content,
    FilterKey,
    Flag,
    Page,
    PanelPart,
    PartContent,
    Section,
    Table,
    Tile,
    View,
)
from filter_atlas.site.sprites import SpriteRequest, SpriteTile
from filter_atlas.site.thumbnails import KIND

SLOTS = {"top": 9, "p90": 3, "p50": 3}
"""Number of tiles of a filter's sprite that each list of patches has."""

ON_A_PAGE = 300
"""Maximum number of photographs on a page of their list."""

ALL_HAVE_PAGES = 2000
"""Up to this number of photographs, each has a page. Of more, only those with a patch have one."""

THUMBNAIL_HEIGHT = 128


@dataclass(frozen=True)
class Mark:
    """A patch on the page of its photograph.

    Attributes:
        filter: the filter that it fires.
        box: left, top, width and height, in pixels of the scaled photograph.
        note: its activation and its rank, as text.
        map: `viewBox` of its map in the filter's sprite; empty if there is none.
    """

    filter: FilterEntry
    box: tuple[int, int, int, int]
    note: str
    map: str


@dataclass(frozen=True)
class LayerMarks:
    """What the page of a photograph shows about one layer.

    Attributes:
        layer: the layer.
        strongest: the filters that the photograph fires most, and the share of each, as text.
        marks: the patches of the photograph.
        sprites: address of the sprites of the layer's filters, with a star for the index.
    """

    layer: LayerEntry
    strongest: Sequence[tuple[FilterEntry, str]]
    marks: Sequence[Mark]
    sprites: str


@dataclass(frozen=True)
class PhotographView:
    """A photograph on the site.

    Attributes:
        url: its page; empty if it has none.
        title: its name.
        entry: what is known about it.
        square: left, top, width and height of what the network saw, in the scaled photograph.
        changes: what was changed in it, if it is of the sample.
        picture: the scaled photograph; None if it is not shown.
        thumbnail: a small picture of it; None if it is not shown.
    """

    url: str
    title: str
    entry: PhotographEntry
    square: tuple[int, int, int, int]
    changes: str
    picture: Image | None
    thumbnail: Image | None


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    if not facts.get("observed"):
        return Content()
    listed = PhotographList.from_file(loader.find(family.PHOTOGRAPHS))
    evidence = [
        (layer, LayerEvidence.from_file(loader.find(family.path(layer.plan.name))))
        for layer in layers
    ]
    shown = {digest for _, one in evidence for digest in one.photographs}
    photographs = _photographs(loader, listed, shown)
    contents: dict[FilterKey, PartContent] = {}
    thumbnails: dict[FilterKey, Image] = {}
    marks: dict[str, dict[str, list[Mark]]] = defaultdict(dict)
    for layer, found in evidence:
        maps = _maps(loader, found)
        pictures = _sprites(loader, layer, found, listed, maps)
        thumbnails |= pictures
        for entry in layer.filters:
            one = found.filters[entry.index]
            sprite = pictures.get(entry.key)
            contents[entry.key] = _content(one, found, photographs, sprite)
            for slot, patch, rank in _slots(one):
                digest = found.photographs[patch.photograph]
                shape = maps[entry.index][slot].shape if entry.index in maps else None
                marks[digest].setdefault(layer.name, []).append(
                    _mark(entry, patch, rank, photographs[digest], slot, shape if sprite else None)
                )
    return Content(
        pages=[
            *_lists(photographs, listed),
            *_photograph_pages(loader, photographs, layers, marks),
        ],
        flags=[
            Flag(
                "naturally_silent",
                "fired by no photograph",
                {key for key, one in _each(evidence) if one.naturally_silent},
            )
        ],
        columns=[
            Column(
                "silent",
                {key: one.silent_share for key, one in _each(evidence)},
                ("silent in fewest photographs first", "silent in most photographs first"),
            ),
            Column(
                "natural_gap",
                {
                    key: one.natural_gap
                    for key, one in _each(evidence)
                    if one.natural_gap is not None
                },
                ("least natural gap first", "greatest natural gap first"),
            ),
        ],
        parts=[PanelPart("evidence_panel.html.j2", contents)],
        views=[
            View(
                "photographs",
                "The nine patches of photographs that fire each filter most, strongest first, row "
                "by row. A filter without any is fired by no photograph.",
                thumbnails,
            )
        ]
        if thumbnails
        else [],
        layer_notes={layer.plan.name: _layer_note(layer, found) for layer, found in evidence},
        tables=[_table(loader)],
    )


def _each(
    evidence: Sequence[tuple[LayerEntry, LayerEvidence]],
) -> Iterator[tuple[FilterKey, FilterEvidence]]:
    for layer, found in evidence:
        for entry in layer.filters:
            yield entry.key, found.filters[entry.index]


def _photographs(
    loader: ResultsLoader, listed: PhotographList, shown: set[str]
) -> dict[str, PhotographView]:
    """The photographs by their digest, in the order of their titles."""
    changes = {photo.digest: photo.changes for photo in sample_photos()}
    titles = {
        digest: _title(digest, entry, loader.metadata.photographs)
        for digest, entry in listed.photographs.items()
    }
    views = {}
    for digest in sorted(titles, key=lambda one: (titles[one].casefold(), one)):
        entry, title = listed.photographs[digest], titles[digest]
        picture = thumbnail = None
        paged = digest in shown or len(titles) <= ALL_HAVE_PAGES
        if paged and entry.copy and loader.metadata.photographs:
            name = digest[:12]
            url = loader.link(f"photographs/{name}.webp", family.copy(digest))
            picture = Image(url, *entry.scaled, title)
            # No layer's file has a dot in its name.
            thumbnail = loader.preview(
                f"photographs.list/{name}", family.copy(digest), title, THUMBNAIL_HEIGHT
            )
        views[digest] = PhotographView(
            url=f"photographs/{digest[:12]}.html" if paged else "",
            title=title,
            entry=entry,
            square=(*entry.square, listed.size, listed.size),
            changes=changes.get(digest, ""),
            picture=picture,
            thumbnail=thumbnail,
        )
    return views


def _title(digest: str, entry: PhotographEntry, named: bool) -> str:
    if entry.credit:
        return entry.credit.title
    return entry.name if named else f"Photograph {digest[:12]}"


def _maps(loader: ResultsLoader, found: LayerEvidence) -> dict[int, dict[int, np.ndarray]]:
    """Where each patch of a layer fires its filter, by the filter's index and its slot.

    Each map has (rows, columns) uint8. There is none if the run has not made the maps.
    """
    result = family.heat(found.layer)
    if not loader.metadata.photographs or not loader.exists(result):
        return {}
    path = loader.find(result)
    heat = read_npz(path, "not a layer's heat").get("heat", np.empty(0))
    slots = [(index, slot) for index, one in found.filters.items() for slot, _, _ in _slots(one)]
    if heat.ndim != 3 or heat.dtype != np.uint8 or len(heat) != len(slots):
        raise ResultsError(f"{path}: not the heat of this layer's patches; delete it and run again")
    maps: dict[int, dict[int, np.ndarray]] = defaultdict(dict)
    for (index, slot), one in zip(slots, heat, strict=True):
        maps[index][slot] = one
    return maps


def _slots(evidence: FilterEvidence) -> Iterator[tuple[int, Patch, str]]:
    """The patches of a filter in their order: place in the sprite, patch, and rank as text."""
    first = 0
    for name, count in SLOTS.items():
        for place, patch in enumerate(getattr(evidence, name)):
            yield first + place, patch, _rank(name, place)
        first += count


def _rank(name: str, place: int) -> str:
    return format_ordinal(place + 1) if name == "top" else f"{name.removeprefix('p')}th percentile"


def _sprites(
    loader: ResultsLoader,
    layer: LayerEntry,
    found: LayerEvidence,
    listed: PhotographList,
    maps: Mapping[int, Mapping[int, np.ndarray]],
) -> dict[FilterKey, Image]:
    """The sprite of each filter that has a patch; none if no photograph is shown."""
    if not loader.metadata.photographs:
        return {}
    requests = {}
    for entry in layer.filters:
        tiles: list[SpriteTile | None] = [None] * sum(SLOTS.values())
        for slot, patch, _ in _slots(found.filters[entry.index]):
            digest = found.photographs[patch.photograph]
            if listed.photographs[digest].copy:
                box = patch.box or _square(listed.photographs[digest], listed.size)
                tiles[slot] = SpriteTile(loader.find(family.copy(digest)), box)
        own = maps.get(entry.index, {})
        if any(tiles):
            requests[entry.key] = SpriteRequest(
                url=_sprite(layer).replace("*", str(entry.index)),
                alt=f"Patches of photographs that fire filter {entry.index} of {layer.plan.name}",
                tiles=tiles,
                maps=[own.get(slot) for slot in range(len(tiles))] if own else (),
            )
    return dict(zip(requests, loader.sprites(list(requests.values())), strict=True))


def _sprite(layer: LayerEntry) -> str:
    """The address of the sprites of a layer's filters without suffix, with a star for the index."""
    return f"patches/{layer.name}/*"


def _square(entry: PhotographEntry, size: int) -> Box:
    left, top = entry.square
    return left, top, left + size, top + size


def _content(
    one: FilterEvidence,
    layer: LayerEvidence,
    photographs: Mapping[str, PhotographView],
    sprite: Image | None,
) -> PartContent:
    """What a filter's panel shows."""
    total = layer.observed
    return PartContent(
        texts={
            "in_photographs_flag": "No photograph fires it." if one.naturally_silent else "",
            "in_photographs_silent": f"{format_share(one.silent_share)} of {_count(total)}",
            "in_photographs_greatest": format_number(one.greatest),
            "in_photographs_picture": _number(one.picture),
            "in_photographs_gap": _number(one.natural_gap),
            "in_photographs_maxima": _maxima(one, total - one.silent),
            "in_photographs_boxes": f"The parts are not known: {layer.refusal}."
            if layer.refusal
            else "",
        },
        paths={"in_photographs_maxima": histogram.path(one.maxima)},
        tiles={
            f"in_photographs_{name}": [
                _tile(photographs[layer.photographs[patch.photograph]], patch)
                for patch in getattr(one, name)
            ]
            for name in SLOTS
        },
        sprite=sprite,
    )


def _maxima(one: FilterEvidence, fires: int) -> str:
    """The histogram in words."""
    if not fires:
        return "no photograph fires it"
    return (
        f"greatest activation on each of {_count(fires)}, from 0 to {format_number(one.greatest)}; "
        f"median of all photographs {format_number(one.p50_activation)}"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else format_number(value)


def _count(photographs: int) -> str:
    return f"{photographs:,} photograph{'' if photographs == 1 else 's'}"


def _tile(photograph: PhotographView, patch: Patch) -> Tile:
    return Tile(photograph.url, photograph.title, format_number(patch.activation))


def _mark(
    entry: FilterEntry,
    patch: Patch,
    rank: str,
    photograph: PhotographView,
    slot: int,
    shape: tuple[int, ...] | None,
) -> Mark:
    box = photograph.square
    if patch.box:
        left, top, right, bottom = patch.box
        box = (left, top, right - left, bottom - top)
    shown = ""
    if shape:
        rows, columns = shape
        left, top = sprites.map_place(slot, sum(SLOTS.values()), rows, columns)
        shown = f"{left} {top} {columns} {rows}"
    clipped = ", clipped" if patch.clipped else ""
    return Mark(entry, box, f"{format_number(patch.activation)}, {rank}{clipped}", shown)


def _layer_note(layer: LayerEntry, found: LayerEvidence) -> str:
    silent = sum(found.filters[entry.index].naturally_silent for entry in layer.filters)
    gaps = [found.filters[entry.index].natural_gap for entry in layer.filters]
    known = [gap for gap in gaps if gap is not None]
    note = f"{silent} of them are fired by none of {_count(found.observed)}. " if silent else ""
    if known:
        note += (
            "On their pictures they reach, in the median, "
            f"{format_number(median(known))} times the greatest activation on "
            f"{_count(found.observed)}."
        )
    return note.strip()


def _lists(photographs: Mapping[str, PhotographView], listed: PhotographList) -> Iterator[Page]:
    """The pages that list all photographs, with their credits."""
    views = list(photographs.values())
    starts = range(0, len(views), ON_A_PAGE)
    urls = ["photographs.html", *(f"photographs/list-{n}.html" for n in range(2, len(starts) + 1))]
    for number, (url, start) in enumerate(zip(urls, starts, strict=True)):
        yield Page(
            url,
            "evidence.html.j2",
            "" if number else "Photographs",
            {
                "photographs": views[start : start + ON_A_PAGE],
                "first": start + 1,
                "total": len(views),
                "left_out": len(listed.left_out),
                "previous": PageLink(urls[number - 1], "nearer the start") if number else None,
                "following": PageLink(urls[number + 1], "further")
                if number + 1 < len(urls)
                else None,
            },
        )


def _photograph_pages(
    loader: ResultsLoader,
    photographs: Mapping[str, PhotographView],
    layers: Sequence[LayerEntry],
    marks: Mapping[str, Mapping[str, Sequence[Mark]]],
) -> Iterator[Page]:
    """A page for each photograph."""
    path = loader.find(family.STRONGEST)
    strongest = read_npz(path, "not the strongest filters of photographs")
    # The arrays are in the order of the digests.
    rows = {digest: row for row, digest in enumerate(sorted(photographs))}
    paged = [(digest, one) for digest, one in photographs.items() if one.url]
    for place, (digest, photograph) in enumerate(paged):
        before = paged[place - 1][1] if place else None
        after = paged[place + 1][1] if place + 1 < len(paged) else None
        yield Page(
            photograph.url,
            "evidence_photograph.html.j2",
            values={
                "photograph": photograph,
                "shown": [
                    LayerMarks(
                        layer,
                        _strongest(strongest, path, layer, rows[digest]),
                        marks.get(digest, {}).get(layer.name, ()),
                        f"{_sprite(layer)}.{KIND}",
                    )
                    for layer in layers
                ],
                "previous": before and PageLink(before.url, before.title),
                "following": after and PageLink(after.url, after.title),
            },
        )


def _strongest(
    arrays: Mapping[str, np.ndarray], path: object, layer: LayerEntry, row: int
) -> list[tuple[FilterEntry, str]]:
    """The filters of a layer that a photograph fires most, with their shares."""
    name = layer.plan.name
    try:
        filters = arrays[f"{name}/filters"][row].tolist()
        shares = arrays[f"{name}/shares"][row].tolist()
    except (KeyError, IndexError) as error:
        raise ResultsError(
            f"{path}: not the strongest filters of these photographs ({error}); delete it and run "
            "again"
        ) from error
    return [
        (layer.by_index[index], format_share(share))
        for index, share in zip(filters, shares, strict=True)
        if index in layer.by_index
    ]


def _table(loader: ResultsLoader) -> Table:
    """The table of filters; without the names of photographs, if they are not shown."""
    columns, name = dict(COLUMNS), "photographs.csv"
    if loader.metadata.photographs:
        loader.link(f"data/{name}", family.FILTERS)
    else:
        del columns["photograph"]
        loader.write(f"data/{name}", _without_names(loader))
    return Table(
        title="Photographs",
        description="A row for each filter: how photographs fire it, and its natural gap.",
        columns=columns,
        files={name: name},
    )


def _without_names(loader: ResultsLoader) -> bytes:
    """The table of filters without its last column."""
    path = loader.find(family.FILTERS)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return to_csv(header[:-1], [row[:-1] for row in rows])


def _needs(facts: Facts) -> Mapping[str, Sequence[str]]:
    if not facts.get("observed"):
        return {}
    return {
        "the list of photographs": (family.PHOTOGRAPHS,),
        "the strongest filters": (family.STRONGEST,),
        "the table of filters": (family.FILTERS,),
    }


EVIDENCE = Section("evidence", _load, _needs)
