"""Circuits on the site: what feeds a filter, what it feeds, and the way from it down to pixels.

Panels have strips of pictures of the filters below and above. Every filter has a page with its
chain: three sources a level, down to the pixels. Every layer has a page with its families.
"""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from PIL import Image as Pillow

from filter_atlas.base.formatting import format_number, format_share
from filter_atlas.circuits import family
from filter_atlas.circuits.agreement import Fed
from filter_atlas.circuits.families import SUBSTANTIAL, FilterFamily
from filter_atlas.circuits.record import COLUMNS, FILTER_COLUMNS, FilterCircuit, LayerCircuits
from filter_atlas.circuits.tiles import from_tile
from filter_atlas.circuits.wiring import Neighbour, Strongest
from filter_atlas.networks.sources import PICTURE
from filter_atlas.settings.family import Facts
from filter_atlas.site.entries import FilterEntry, LayerEntry
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import (
    Column,
    Content,
    FilterKey,
    Flag,
    Link,
    LinkList,
    Page,
    PanelPart,
    PartContent,
    Section,
    Table,
)

SHOWN = 5
"""Number of filters in a strip."""

A_LEVEL = 3
"""Number of sources on each level of a chain."""

NAMED = 3
"""Number of filters that are named although they are not drawn."""

FEWEST_OF_LAYER = 3
"""A family is said to be fed by filters that are common to this number of its members at least."""

LISTS = (
    "circuits_evidence",
    "circuits_against",
    "circuits_above",
    "circuits_below",
    "circuits_far",
    "circuits_pixels",
)
"""The lists of links in a panel; `circuits_panel.html.j2` shows them."""

KEYS = {
    "circuits_evidence": ("d", "down to the filter that feeds this one most, where it fires"),
    "circuits_above": ("u", "up to the filter that this one excites most"),
}
"""Keys that follow the first link of a list, and what they do."""


@dataclass(frozen=True)
class Rung:
    """A level of a chain: a filter and what feeds it most.

    Attributes:
        layer: its layer.
        filter: the filter.
        sources: the filters that feed it most, with the share of each and the kernel between.
        between: what lies between, in words.
        pixels: its weights on pixels, if they are known.
    """

    layer: LayerEntry
    filter: FilterEntry
    sources: Sequence[Link]
    between: str
    pixels: Sequence[Link]


@dataclass(frozen=True)
class ShownFamily:
    """A family on the page of its layer.

    Attributes:
        medoid: the filter whose picture stands for it.
        filters: all of its filters, and whether each has a twin.
        fed_by: the filters that feed most of them, and how many.
        silhouette: its mean silhouette, as text.
    """

    medoid: FilterEntry
    filters: Sequence[tuple[FilterEntry, bool]]
    fed_by: Sequence[Link]
    silhouette: str


class _Atlas:
    """The drawn filters of all layers, and their circuits, by name of the layer."""

    def __init__(self, found: Sequence[tuple[LayerEntry, LayerCircuits]]) -> None:
        self.layers = {layer.plan.name: layer for layer, _ in found}
        self.circuits = {circuits.layer: circuits for _, circuits in found}

    def entry(self, layer: str, index: int) -> FilterEntry | None:
        """A filter; None if it is not drawn."""
        return self.layers[layer].by_index.get(index) if layer in self.layers else None

    def link(self, layer: str, index: int, note: str, kernel: str = "") -> Link | None:
        """A link to a filter; None if it is not drawn."""
        entry = self.entry(layer, index)
        if not entry:
            return None
        name = f"{layer} {index}"
        return Link(entry.url, entry.thumbnail.image.url, name, note, kernel)

    def neighbour(self, other: Neighbour) -> list[Link]:
        """A link to a neighbour of a filter; none if it is not drawn."""
        link = self.link(other.layer, other.filter, _signed(other.weight), other.tile)
        return [link] if link else []

    def neighbours(self, strongest: Strongest) -> list[Link]:
        """Links to the strongest neighbours of either sign that are drawn."""
        return [
            link
            for others in (strongest.excitatory, strongest.inhibitory)
            for link in [link for other in others for link in self.neighbour(other)][:SHOWN]
        ]

    def fed_by(self, circuits: LayerCircuits, one: FilterCircuit, sign: str) -> list[Link]:
        """Links to the filters that contribute most to a filter where it fires, if drawn."""
        found = [
            self.link(layer, index, _contributes(each.value, one.evidence), each.tile)
            for each in getattr(one.evidence, sign)
            for layer, index in circuits.origins(each.channel)
        ]
        return [link for link in found if link]


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    if not facts.get("wired"):
        return Content()
    found = [
        (layer, LayerCircuits.from_file(loader.find(family.path(layer.plan.name, "json"))))
        for layer in layers
    ]
    atlas = _Atlas(found)
    each = [
        (layer, circuits, entry, circuits.filters[entry.index])
        for layer, circuits in found
        for entry in layer.filters
    ]
    links: dict[str, dict[FilterKey, Sequence[Link]]] = {name: {} for name in LISTS}
    for layer, circuits, entry, one in each:
        for name, strip in _strips(loader, atlas, layer, circuits, entry, one).items():
            links[name][entry.key] = strip
    for layer in layers:
        loader.link(f"data/circuits/{layer.name}.csv", family.path(layer.plan.name, "csv"))
    loader.link("data/circuits/filters.csv", family.FILTERS)
    pixels = links["circuits_pixels"]
    chains = _chains(atlas, each, pixels) if loader.metadata.filter_pages else []
    return Content(
        pages=[
            Page(
                "circuits.html",
                "circuits.html.j2",
                "Circuits",
                {"summaries": [_summary(*one) for one in found]},
            ),
            *(_families_page(atlas, *one) for one in found if one[1].families.families),
            *chains,
        ],
        link_lists=[
            LinkList(name, "", links[name], "", *KEYS.get(name, ("", ""))) for name in LISTS
        ],
        flags=[
            Flag(
                "disagree",
                "weights and evidence disagree",
                {entry.key for *_, entry, one in each if one.evidence.disagrees},
            )
        ],
        columns=[
            Column(
                "agreement",
                {entry.key: one.evidence.share for *_, entry, one in each},
                ("weights tell least first", "weights tell most first"),
            )
        ],
        parts=[
            PanelPart(
                "circuits_panel.html.j2",
                {
                    entry.key: PartContent(
                        _texts(atlas, circuits, one),
                        addresses={"circuits_chain": _chain_url(layer, entry)},
                    )
                    for layer, circuits, entry, one in each
                },
            )
        ],
        tables=[
            Table(
                title="Circuits",
                description="The filters below and above each filter of a layer, and what each "
                "contributes.",
                columns=COLUMNS,
                files={f"circuits/{layer.name}.csv": layer.plan.name for layer in layers},
            ),
            Table(
                title="Circuits, by filter",
                description="How weights and contributions agree, and the family of each filter.",
                columns=FILTER_COLUMNS,
                files={"circuits/filters.csv": "all layers"},
            ),
        ],
    )


def _strips(
    loader: ResultsLoader,
    atlas: _Atlas,
    layer: LayerEntry,
    circuits: LayerCircuits,
    entry: FilterEntry,
    one: FilterCircuit,
) -> dict[str, Sequence[Link]]:
    return {
        "circuits_evidence": atlas.fed_by(circuits, one, "excitatory")[:SHOWN],
        "circuits_against": atlas.fed_by(circuits, one, "inhibitory")[:SHOWN],
        "circuits_above": atlas.neighbours(one.targets),
        "circuits_below": atlas.neighbours(one.sources),
        "circuits_far": [
            replace(link, note=f"{link.note}, {far.convolutions} below")
            for far in one.expanded
            for link in atlas.neighbour(far.neighbour)
        ],
        "circuits_pixels": _on_pixels(loader, layer, circuits, entry, one),
    }


def _on_pixels(
    loader: ResultsLoader,
    layer: LayerEntry,
    circuits: LayerCircuits,
    entry: FilterEntry,
    one: FilterCircuit,
) -> list[Link]:
    """The weights of a filter on pixels, as a picture: grey is 0."""
    if not one.pixels:
        return []
    weights = dict(zip(circuits.channels, map(from_tile, one.pixels), strict=True))
    shown = [weights.get(name) for name in ("red", "green", "blue")]
    planes = [plane for plane in shown if plane is not None] or list(weights.values())[:1]
    if len(planes) not in (1, 3):
        return []
    pixels = np.rint(127.5 + 127.5 * np.stack(planes, axis=-1)).astype(np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels if len(planes) == 3 else pixels[..., 0]).save(file, "PNG")
    url = loader.write(f"circuits/{layer.name}/{entry.index}.png", file.getvalue())
    rows, columns = pixels.shape[:2]
    return [Link(url, url, f"{columns} × {rows} pixels", "as if the network were linear")]


def _texts(atlas: _Atlas, circuits: LayerCircuits, one: FilterCircuit) -> dict[str, str]:
    fed = one.evidence
    where = "its own picture"
    if one.on_exemplars:
        where = f"{fed.cells} of the photographs that fire it most"
    disagreement = ""
    if fed.disagrees:
        few = {0: "none has", 1: "only one has"}.get(fed.agreement, f"only {fed.agreement} have")
        disagreement = (
            f"Weights and evidence disagree: of the {len(fed.excitatory)} channels that contribute "
            f"most on {where}, {few} the greatest weights."
        )
    missing = [
        f"{layer} {index}"
        for each in fed.excitatory
        for layer, index in circuits.origins(each.channel)
        if layer != PICTURE and not atlas.entry(layer, index)
    ]
    return {
        "circuits_between": _between(circuits),
        "circuits_where": (
            f"On {where}; each number is its share of all that excites the filter. {fed.agreement} "
            f"of the {len(fed.excitatory)} strongest have the greatest weights, too. "
            f"{_missing(missing)}"
        ),
        "circuits_disagree": disagreement,
    }


def _missing(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"Not drawn in this atlas: {', '.join(names[:NAMED])}{more}."


def _between(circuits: LayerCircuits) -> str:
    """What feeds a layer and what lies between, as a sentence."""
    if circuits.refusal:
        return f"What feeds it by weight is not known: {circuits.refusal}."
    parts = []
    for source in circuits.sources:
        through = f" through {_listed(source.between)}" if source.between else ""
        undrawn = " (not drawn)" if source.layer and not source.drawn else ""
        parts.append(f"{source.layer or 'the picture'}{undrawn}{through}")
    return f"Fed by {'; '.join(dict.fromkeys(parts))}."


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_number(value)}"


def _contributes(value: float, fed: Fed) -> str:
    """A contribution as a share of all positive contributions that are listed."""
    total = sum(one.value for one in fed.excitatory)
    share = format_share(value / total) if total else format_number(value)
    return f"+{share}" if value > 0 else share


def _summary(layer: LayerEntry, circuits: LayerCircuits) -> Mapping[str, object]:
    """A row of the table of layers."""
    each = [circuits.filters[entry.index] for entry in layer.filters]
    exemplars = [one.on_exemplars.share for one in each if one.on_exemplars]
    families = circuits.families
    return {
        "layer": layer,
        "between": _between(circuits),
        "on_picture": format_share(median(one.on_picture.share for one in each)),
        "on_exemplars": format_share(median(exemplars)) if exemplars else "–",
        "disagree": sum(one.evidence.disagrees for one in each),
        "families": len(families.families),
        "url": _families_url(layer) if families.families else "",
        "refusal": families.refusal,
        "silhouette": f"{families.silhouette:.2f}" if families.silhouette is not None else "–",
    }


def _families_url(layer: LayerEntry) -> str:
    return f"circuits/{layer.name}.html"


def _families_page(atlas: _Atlas, layer: LayerEntry, circuits: LayerCircuits) -> Page:
    families = circuits.families
    assert families.silhouette is not None  # there are families
    return Page(
        _families_url(layer),
        "circuits_families.html.j2",
        values={
            "layer": layer,
            "silhouette": f"{families.silhouette:.2f}",
            "is_weak": families.silhouette < SUBSTANTIAL,
            "tried": [(count, f"{value:.2f}") for count, value in families.tried.items()],
            "families": [_shown_family(atlas, layer, circuits, one) for one in families.families],
            "left_out": [
                layer.by_index[index] for index in families.left_out if index in layer.by_index
            ],
        },
    )


def _shown_family(
    atlas: _Atlas, layer: LayerEntry, circuits: LayerCircuits, one: FilterFamily
) -> ShownFamily:
    members = [index for index in one.filters if index in layer.by_index]
    counted: Counter[FilterKey] = Counter()
    for index in members:
        channels = [each.channel for each in circuits.filters[index].evidence.excitatory]
        counted.update({key for channel in channels for key in circuits.origins(channel)})
    links = (
        atlas.link(*key, f"{count} of {len(members)}")
        for key, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        if count >= min(FEWEST_OF_LAYER, len(members))
    )
    return ShownFamily(
        layer.by_index[one.medoid],
        [(layer.by_index[index], index in circuits.twins) for index in members],
        [link for link in links if link][:SHOWN],
        f"{one.silhouette:.2f}",
    )


def _chain_url(layer: LayerEntry, entry: FilterEntry) -> str:
    return f"circuits/{layer.name}/{entry.index}.html"


def _chains(
    atlas: _Atlas,
    each: Iterable[tuple[LayerEntry, LayerCircuits, FilterEntry, FilterCircuit]],
    pixels: Mapping[FilterKey, Sequence[Link]],
) -> Iterator[Page]:
    """A page for each filter, with its chain."""
    for layer, circuits, entry, one in each:
        rungs = list(_rungs(atlas, layer, circuits, entry, one, pixels))
        yield Page(
            _chain_url(layer, entry),
            "circuits_chain.html.j2",
            values={"layer": layer, "entry": entry, "rungs": rungs},
        )


def _rungs(
    atlas: _Atlas,
    layer: LayerEntry,
    circuits: LayerCircuits,
    entry: FilterEntry,
    one: FilterCircuit,
    pixels: Mapping[FilterKey, Sequence[Link]],
) -> Iterator[Rung]:
    """The levels of a chain, from the top: each goes on with the strongest source that is drawn."""
    while True:
        drawn = [
            (source, atlas.layers[name], each)
            for each in one.evidence.excitatory
            for name, index in circuits.origins(each.channel)
            if (source := atlas.entry(name, index))
        ][:A_LEVEL]
        yield Rung(
            layer,
            entry,
            [
                Link(
                    _chain_url(below, source),
                    source.thumbnail.image.url,
                    f"{below.plan.name} {source.index}",
                    _contributes(each.value, one.evidence),
                    each.tile,
                )
                for source, below, each in drawn
            ],
            _between(circuits),
            pixels[entry.key],
        )
        if not drawn:
            return
        entry, layer = drawn[0][:2]
        circuits = atlas.circuits[layer.plan.name]
        one = circuits.filters[entry.index]


def _needs(facts: Facts) -> Mapping[str, Sequence[str]]:
    return {"the table of filters": (family.FILTERS,)} if facts.get("wired") else {}


CIRCUITS = Section(family.NAME, _load, _needs)
