"""The data that pages show about every filter and layer."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from filter_atlas.measure.measures import Values
from filter_atlas.measure.record import Record
from filter_atlas.site.image import Image
from filter_atlas.site.thumbnails import Thumbnail
from filter_atlas.workflow.plan import LayerPlan


def file_name(layer: str) -> str:
    """A layer's name as part of a file name and of a URL; different layers have different names.

    Keras's own names stay as they are. Any other character becomes `~` and its bytes in hex.
    """
    return re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(f"~{b:02x}" for b in m[0].encode()), layer)


@dataclass(frozen=True)
class Variant:
    """One way to draw a filter: its name, and the record, the canonical picture, the thumbnail."""

    name: str
    record: Record
    record_url: str
    picture: Image
    thumbnail: Thumbnail


@dataclass(frozen=True)
class FilterEntry:
    """One filter.

    Attributes:
        record: its record.
        measures: the values of all measures, by name.
        record_url: address of its record.
        picture: the canonical PNG.
        thumbnail: its thumbnail, with properties of the picture.
        url: its page, relative to the site's root: its own page, or its place on its layer's page.
        higher_than: share of the layer's other drawn filters that have a lower final activation;
            None if there are no others.
        variants: further pictures of it.
    """

    record: Record
    measures: Values
    record_url: str
    picture: Image
    thumbnail: Thumbnail
    url: str
    higher_than: float | None
    variants: tuple[Variant, ...]

    @property
    def index(self) -> int:
        """Its index in the layer."""
        return self.record.filter

    @property
    def key(self) -> tuple[str, int]:
        """Its layer and its index in the layer, by which sections refer to it."""
        return self.record.layer, self.record.filter

    @property
    def place(self) -> str:
        """The id of its place on pages that show several filters, such as `block1_conv1-3`."""
        return f"{file_name(self.record.layer)}-{self.index}"

    @property
    def alive(self) -> bool:
        """Whether the filter responds to its own picture at all."""
        return bool(self.measures["alive"])


@dataclass(frozen=True)
class LayerView:
    """A page that shows a layer's filters in one way: their own pictures, or a variant."""

    name: str
    url: str


@dataclass(frozen=True)
class LayerEntry:
    """One layer: a card on the first page, and a page of its own.

    Attributes:
        plan: the layer in the plan.
        name: its name as part of file names and URLs.
        url: its page.
        filters: every drawn filter, in order.
        grid: the PNG with all of them.
        mosaic: a small picture of the strongest filters.
        views: all pages of the layer, its own first; empty if there are no variants.
    """

    plan: LayerPlan
    name: str
    url: str
    filters: tuple[FilterEntry, ...]
    grid: Image
    mosaic: Image
    views: tuple[LayerView, ...] = ()

    @property
    def drawn(self) -> int:
        """Number of drawn filters of the layer."""
        return len(self.filters)

    @cached_property
    def by_index(self) -> dict[int, FilterEntry]:
        """The drawn filters by their index."""
        return {entry.index: entry for entry in self.filters}

    @property
    def alive(self) -> int:
        """Number of drawn filters that are alive."""
        return sum(entry.alive for entry in self.filters)

    @property
    def activations(self) -> tuple[float, float, float]:
        """Least, median and greatest final activation of the drawn filters."""
        values = [entry.record.final_activation for entry in self.filters]
        return min(values), median(values), max(values)


def higher_than(records: Sequence[Record]) -> list[float | None]:
    """For each filter of a layer, the share of the others that have a lower final activation."""
    if len(records) < 2:
        return [None] * len(records)
    ranked = sorted(record.final_activation for record in records)
    others = len(records) - 1
    return [bisect_left(ranked, record.final_activation) / others for record in records]
