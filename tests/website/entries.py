"""Entries of filters and layers, made by hand."""

from dataclasses import replace
from typing import Any

from filter_atlas.measure.measures import measure_values
from filter_atlas.site.entries import FilterEntry, LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.thumbnails import Thumbnail
from filter_atlas.workflow.plan import LayerPlan
from samples import VALUES

from .results import RECORD

NAME = "block4_conv3"
PICTURE = Image("pictures/block4_conv3/5.png", 128, 128, "Filter 5 of block4_conv3")


def thumbnail(index: int) -> Thumbnail:
    return Thumbnail(
        Image(f"thumbnails/{NAME}/{index}.avif", 128, 128, ""), digest="9" * 64, colour="cyan"
    )


def entry(index: int, **changes: Any) -> FilterEntry:
    """A filter of the layer whose entry or record has these changes."""
    fields = FilterEntry.__dataclass_fields__
    own = {name: value for name, value in changes.items() if name in fields}
    recorded = {name: value for name, value in changes.items() if name not in fields}
    record = replace(RECORD, layer=NAME, filter=index, **recorded)
    defaults = {
        "record": record,
        "measures": measure_values(record, VALUES),
        "record_url": f"records/{NAME}/{index}.json",
        "picture": PICTURE,
        "thumbnail": thumbnail(index),
        "url": f"filters/{NAME}/{index}.html",
        "higher_than": 0.5,
        "variants": (),
    }
    return FilterEntry(**{**defaults, **own})


def layer_of(*filters: FilterEntry) -> LayerEntry:
    indices = tuple(one.index for one in filters)
    return LayerEntry(
        plan=LayerPlan(NAME, "conv4_3", 512, indices),
        name=NAME,
        url=f"layers/{NAME}.html",
        filters=filters,
        grid=PICTURE,
        mosaic=PICTURE,
    )
