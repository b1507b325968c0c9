"""The site's data: for its own scripts, and for people who take it away.

Scripts get theirs as scripts, for from `file://` a page may not fetch anything. What people take
away is described as the Frictionless Data Package standard says (specs.frictionlessdata.io).
"""

import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from pydantic import TypeAdapter

from filter_atlas import metrics
from filter_atlas.atlas.catalogue import LayerEntry
from filter_atlas.atlas.colour import COLOURS
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.atlas.panel import Panel
from filter_atlas.record import Record
from filter_atlas.twins import report

DIGITS = 4
"""Significant digits of what scripts sort by."""


def search(layers: Sequence[LayerEntry]) -> bytes:
    """What the first page's search looks through: a column of every measure, layer by layer."""
    return _script(
        "search",
        {
            "colours": COLOURS,
            "layers": [
                {
                    "name": layer.section.name,
                    "paper": layer.section.paper_name,
                    "file": layer.name,
                    **_columns(layer),
                }
                for layer in layers
            ],
        },
    )


def layer(entry: LayerEntry, panels: Sequence[Panel]) -> bytes:
    """What a layer's page sorts by, and fills the panels of its filters from.

    Args:
        entry: the layer.
        panels: those of its filters, in their order.
    """
    common = {
        name: text
        for name, text in panels[0].texts.items()
        if len(panels) > 1 and all(panel.texts[name] == text for panel in panels)
    }
    own = [name for name in panels[0].texts if name not in common]
    return _script(
        entry.name,
        {
            "name": entry.section.name,
            "paper": entry.section.paper_name,
            "file": entry.name,
            "colours": COLOURS,
            **_columns(entry),
            "common": common,
            "names": own,
            "texts": [[panel.texts[name] for name in own] for panel in panels],
            "addresses": [panel.addresses for panel in panels],
            "losses": [panel.losses for panel in panels],
            "neighbours": [list(map(astuple, panel.neighbours)) for panel in panels],
            "variants": [list(map(astuple, panel.variants)) for panel in panels],
        },
    )


def package(layers: Sequence[LayerEntry], facts: RunFacts) -> bytes:
    """The description of the site's tables: a Frictionless Data Package."""
    resources = [
        _resource("filters", "filters.csv", "A row for every picture.", metrics.MEANINGS),
        *(
            _resource(
                # The standard has no "~" in names, and a layer's file no ".".
                f"twins-{layer.name.lower().replace('~', '.')}",
                f"twins/{layer.name}.csv",
                f"Twins among the filters of {layer.section.name}.",
                report.MEANINGS,
            )
            for layer in layers
            if layer.twins
        ),
    ]
    described = {
        "name": "filter-atlas",
        "title": f"Filter Atlas of {facts.network}",
        "description": f"Recipe {facts.recipe_name}, seed {facts.seed}.",
        "contributors": [{"title": facts.weights_credit, "role": "author of the weights"}],
        "resources": resources,
    }
    return (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode()


def record_schema() -> bytes:
    """The JSON Schema of a filter's record."""
    schema = TypeAdapter(Record).json_schema()
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _resource(
    name: str, path: str, description: str, meanings: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    fields = [
        {"name": column, "type": kind, "description": meaning}
        for column, (kind, meaning) in meanings.items()
    ]
    return {
        "name": name,
        "path": path,
        "description": description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "missingValues": [""]},
    }


def _columns(layer: LayerEntry) -> dict[str, list[Any]]:
    return {
        "filter": [one.index for one in layer.filters],
        "activation": [_short(one.record.final_activation) for one in layer.filters],
        "noisiness": [_short(one.record.quality.noisiness) for one in layer.filters],
        "robustness": [_short(one.record.quality.robustness or 0.0) for one in layer.filters],
        "colour": [COLOURS.index(one.tile.colour) for one in layer.filters],
        "twin": [int(one.has_twin) for one in layer.filters],
    }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _script(name: str, value: Any) -> bytes:
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"FilterAtlas.data({json.dumps(name)},{written});\n".encode()
