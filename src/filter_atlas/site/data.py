"""The site's data: for its own scripts, and for people who download it.

The scripts get their data as scripts, because a page from `file://` may not fetch anything.
The tables to download are described by the Frictionless Data Package standard
(specs.frictionlessdata.io).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter

from filter_atlas.measure.measures import MEASURES, Value
from filter_atlas.measure.record import Record
from filter_atlas.site import thumbnails
from filter_atlas.site.colour import COLOURS
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.pages import Site
from filter_atlas.site.panel import Panel
from filter_atlas.site.section import Column, Flag, Link, Table

PART = 16
"""Maximum number of filters whose panels are in one file; `assets/panel.js` has the same number."""

DIGITS = 4
"""Significant digits of the values that scripts sort by."""


def search(site: Site) -> bytes:
    """The data of the first page's search: the columns of every layer."""
    layers = [
        {
            **_columns(layer, site.flags, site.columns),
            # The script replaces the star by a filter's index.
            "thumbnail_url": thumbnails.address(f"{layer.name}/*"),
        }
        for layer in site.layers
    ]
    return script("search", {"colours": COLOURS, "layers": layers})


def layer(entry: LayerEntry, flags: Sequence[Flag], columns: Sequence[Column]) -> bytes:
    """The data of a layer's page: columns to search and sort by.

    Args:
        entry: the layer.
        flags: the properties of filters that can be searched for.
        columns: the numbers of filters that can be searched for and sorted by.
    """
    return script(entry.name, {**_columns(entry, flags, columns), "colours": COLOURS})


def parts(entry: LayerEntry, panels: Sequence[Panel]) -> Iterator[tuple[str, bytes]]:
    """The contents of the panels of a layer, in parts, each with its address below `data`.

    A page that shows one filter loads its part alone: that of its index divided by `PART`.

    Args:
        entry: the layer.
        panels: the panels of its filters, in the same order: that of their indices.
    """
    both = zip(entry.filters, panels, strict=True)
    for part, pairs in groupby(both, key=lambda pair: pair[0].index // PART):
        filters, shown = zip(*pairs, strict=True)
        address = f"{entry.name}/{part}"
        indices = [filter.index for filter in filters]
        yield address, script(address, {"file": entry.name, "filter": indices, **_contents(shown)})


def _contents(panels: Sequence[Panel]) -> dict[str, Any]:
    """What panels show; what they have in common, and names of links, only once."""
    common = {
        name: text
        for name, text in panels[0].texts.items()
        if len(panels) > 1 and all(panel.texts[name] == text for panel in panels)
    }
    own = [name for name in panels[0].texts if name not in common]
    # A page is named once, because many tiles lead to it.
    pages: dict[tuple[str, str], int] = {}
    tiles = {
        name: [
            [(pages.setdefault((tile.page, tile.name), len(pages)), tile.note) for tile in shown]
            for shown in (panel.tiles[name] for panel in panels)
        ]
        for name in panels[0].tiles
    }
    # A target is named once, because many links lead to it.
    targets: dict[tuple[str, str, str], int] = {}

    def packed(link: Link) -> tuple[object, ...]:
        target = targets.setdefault((link.url, link.thumbnail, link.name), len(targets))
        return (target, link.note, link.kernel) if link.kernel else (target, link.note)

    links = {
        name: [[packed(link) for link in panel.links[name]] for panel in panels]
        for name in panels[0].links
    }
    return {
        "common": common,
        "names": own,
        "texts": [[panel.texts[name] for name in own] for panel in panels],
        "addresses": [panel.addresses for panel in panels],
        "losses": [panel.losses for panel in panels],
        "links": links,
        "targets": list(targets),
        "tiles": tiles,
        "pages": list(pages),
    }


def package(site: Site) -> bytes:
    """The description of the site's tables: a Frictionless Data Package."""
    metadata = site.metadata
    described = {
        "name": "filter-atlas",
        "title": f"Filter Atlas of {metadata.network}",
        "description": f"Recipe {metadata.recipe_name}, seed {metadata.seed}.",
        "contributors": [{"title": metadata.weights_credit, "role": "author of the weights"}],
        "resources": [_resource(table, path) for table in site.tables for path in table.files],
    }
    return (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode()


def record_schema() -> bytes:
    """The JSON Schema of a filter's record."""
    schema = TypeAdapter(Record).json_schema()
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _resource(table: Table, path: str) -> dict[str, Any]:
    fields = [
        {"name": column, "type": kind, "description": meaning}
        for column, (kind, meaning) in table.columns.items()
    ]
    # The standard allows neither "~" nor "/" in names, and a layer's file has no ".".
    name = path.removesuffix(".csv").lower().replace("/", "-").replace("~", ".")
    return {
        "name": name,
        "path": path,
        "title": table.files[path],
        "description": table.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""]},
    }


def _columns(
    layer: LayerEntry, flags: Sequence[Flag], columns: Sequence[Column]
) -> Mapping[str, Any]:
    """A layer's names, and a column for each property to search or sort by."""
    return {
        "name": layer.plan.name,
        "paper": layer.plan.paper_name,
        "file": layer.name,
        "filter": [entry.index for entry in layer.filters],
        "colour": [COLOURS.index(entry.thumbnail.colour) for entry in layer.filters],
        "measures": {
            measure.name: [_rounded(entry.measures[measure.name]) for entry in layer.filters]
            for measure in MEASURES
            if measure.orders
        }
        | {
            column.name: [_rounded(column.values.get(entry.key)) for entry in layer.filters]
            for column in columns
        },
        "flags": {
            flag.name: [int(entry.key in flag.filters) for entry in layer.filters] for flag in flags
        },
    }


def _rounded(value: Value) -> Value:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def script(name: str, value: Any) -> bytes:
    """Data as a script of the site: `load(name)` of `site.js` returns the value.

    Args:
        name: its address below `data`, without the suffix.
        value: a JSON value.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"FilterAtlas.data({json.dumps(name)},{written});\n".encode()
