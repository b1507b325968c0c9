"""The pages of the atlas as HTML: what they show, and the templates that show it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from jinja2 import Environment, PackageLoader, StrictUndefined

from filter_atlas.atlas import curve
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.atlas.image import Image
from filter_atlas.atlas.numerals import spell
from filter_atlas.plan import LayerPlan
from filter_atlas.record import Record


@dataclass(frozen=True)
class FilterEntry:
    """One filter on its layer's page."""

    record: Record
    record_url: str
    picture: Image

    @property
    def alive(self) -> bool:
        """Whether the filter answers to its own picture at all."""
        return self.record.final_activation > 0


@dataclass(frozen=True)
class Edition:
    """A page on which a layer's filters are drawn in one way: their own pictures, or a variant."""

    name: str
    url: str


@dataclass(frozen=True)
class LayerEntry:
    """One layer: a card on the first page, and a page of its own."""

    section: LayerPlan
    url: str
    filters: tuple[FilterEntry, ...]
    grid: Image
    top_grid: Image
    editions: tuple[Edition, ...] = ()
    """All pages of the layer, its own first; none where there are no variants."""

    @property
    def drawn(self) -> int:
        """How many of the layer's filters are drawn."""
        return len(self.filters)

    @property
    def alive(self) -> int:
        """How many of the drawn filters are alive."""
        return sum(entry.alive for entry in self.filters)

    @property
    def activations(self) -> tuple[float, float, float]:
        """Least, median and greatest final activation of the drawn filters."""
        values = [entry.record.final_activation for entry in self.filters]
        return min(values), median(values), max(values)


def file_name(layer: str) -> str:
    """A layer's name as part of a file name and of a URL, the same in both and never ambiguous.

    Keras's own names stay as they are; any other character becomes `~` and its bytes in hex.
    """
    return re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(f"~{b:02x}" for b in m[0].encode()), layer)


@dataclass(frozen=True)
class Extras:
    """What the first page shows beside the layers.

    Attributes:
        twins: the figure of how many filters have a twin; None where there is none.
        dreams: a picture of every dream, its `alt` saying what was excited.
    """

    twins: Image | None = None
    dreams: tuple[Image, ...] = ()


def index_page(
    layers: Sequence[LayerEntry], overview: Image, facts: RunFacts, extras: Extras
) -> bytes:
    """The first page: what the atlas is, every layer at a glance, and how it was made."""
    return _render(
        "index.html.j2",
        base="",
        layers=layers,
        overview=overview,
        facts=facts,
        extras=extras,
        recipe=facts.recipe.model_dump_json(indent=2),
    )


def layer_page(
    layer: LayerEntry, previous: LayerEntry | None, following: LayerEntry | None
) -> bytes:
    """The page of one layer: each drawn filter with its picture, activation and loss curve."""
    return _render(
        "layer.html.j2",
        base="../",
        layer=layer,
        filters=layer.filters,
        variant=None,
        previous=previous,
        following=following,
    )


def variant_page(layer: LayerEntry, variant: str, filters: Sequence[FilterEntry]) -> bytes:
    """The page of one variant of a layer's filters."""
    return _render(
        "layer.html.j2",
        base="../../",
        layer=layer,
        filters=filters,
        variant=variant,
        previous=None,
        following=None,
    )


def _render(template: str, **values: object) -> bytes:
    return _environment.get_template(template).render(values).encode()


_environment = Environment(
    loader=PackageLoader("filter_atlas.atlas"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters["spell"] = spell
_environment.globals["curve"] = curve
