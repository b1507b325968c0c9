"""The pages of the atlas as HTML: what they show, and the templates that show it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from filter_atlas import metrics
from filter_atlas.atlas import curve
from filter_atlas.atlas.catalogue import ClassEntry, DreamEntry, FilterEntry, LayerEntry
from filter_atlas.atlas.colour import COLOURS
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.atlas.image import Image
from filter_atlas.atlas.panel import Panel
from filter_atlas.numerals import ordinal, share, spell
from filter_atlas.twins import report


def file_name(layer: str) -> str:
    """A layer's name as part of a file name and of a URL, the same in both and never ambiguous.

    Keras's own names stay as they are; any other character becomes `~` and its bytes in hex.
    """
    return re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(f"~{b:02x}" for b in m[0].encode()), layer)


@dataclass(frozen=True)
class Step:
    """A page that comes before or after another one: where it is, and what it is called there."""

    url: str
    name: str


One = TypeVar("One")


@dataclass(frozen=True)
class Site:
    """What every page knows of the whole site.

    Attributes:
        facts: how the pictures came about.
        layers: every layer, in the order of the plan.
        overview: a preview of the overview for phones, if one is of use, a larger one, and the PNG
            that they link to.
        dreams: every dream.
        classes: every class picture.
        twins: the figure of twins by depth; None where they were not looked for.
        plots: figures of the run's measures.
    """

    facts: RunFacts
    layers: Sequence[LayerEntry]
    overview: tuple[Image | None, Image, Image]
    dreams: Sequence[DreamEntry] = ()
    classes: Sequence[ClassEntry] = ()
    twins: Image | None = None
    plots: Sequence[Image] = ()

    @property
    def drawn(self) -> int:
        """How many filters are drawn."""
        return sum(layer.drawn for layer in self.layers)

    @property
    def alive(self) -> int:
        """How many of them are alive."""
        return sum(layer.alive for layer in self.layers)

    @property
    def total(self) -> int:
        """How many filters the drawn layers have."""
        return sum(layer.section.total for layer in self.layers)

    @property
    def sections(self) -> list[tuple[str, str]]:
        """The pages that every page leads to: URL and name."""
        return [
            ("index.html", "Layers"),
            *([("twins.html", "Twins")] if self.twins else []),
            *([("dreams.html", "Dreams")] if self.dreams else []),
            *([("classes.html", "Classes")] if self.classes else []),
            ("compare.html", "Compare"),
            ("methods.html", "Methods"),
            ("data.html", "Data"),
        ]

    def index(self) -> bytes:
        """The first page: what the atlas is, every layer at a glance, and the search."""
        return self._page("index.html", "index.html.j2")

    def layer(self, layer: LayerEntry) -> bytes:
        """The page of one layer: a tile for each drawn filter, and an empty panel."""
        previous, following = _around(
            self.layers, layer, lambda one: Step(one.url, one.section.name)
        )
        return self._page(
            layer.url, "layer.html.j2", layer=layer, previous=previous, following=following
        )

    def variant(self, layer: LayerEntry, variant: str, url: str) -> bytes:
        """The page of one variant of a layer's filters."""
        shown = [(entry, _named(variant, entry.variants)) for entry in layer.filters]
        previous, following = _around(
            self.layers,
            layer,
            lambda one: Step(_named(variant, one.editions).url, one.section.name),
        )
        return self._page(
            url,
            "variant.html.j2",
            layer=layer,
            variant=variant,
            shown=shown,
            previous=previous,
            following=following,
        )

    def filter(self, layer: LayerEntry, entry: FilterEntry, panel: Panel) -> bytes:
        """The page of one filter, to cite."""
        previous, following = _around(
            layer.filters, entry, lambda one: Step(one.url, str(one.index))
        )
        return self._page(
            entry.url,
            "filter.html.j2",
            layer=layer,
            entry=entry,
            panel=panel,
            previous=previous,
            following=following,
        )

    def others(self) -> dict[str, bytes]:
        """All other pages, by their URL."""
        steps = self.facts.recipe.model_dump_json(indent=2)
        shown: dict[str, dict[str, Any]] = {
            "compare.html": {},
            "methods.html": {"recipe": steps},
            "data.html": {"meanings": metrics.MEANINGS, "twin_meanings": report.MEANINGS},
            "404.html": {},
        }
        if self.twins:
            shown["twins.html"] = {"figure": self.twins}
        if self.dreams:
            shown["dreams.html"] = {}
        if self.classes:
            shown["classes.html"] = {}
        return {url: self._page(url, f"{url}.j2", **values) for url, values in shown.items()}

    def _page(self, url: str, template: str, **values: object) -> bytes:
        base = "../" * url.count("/")
        if url == "404.html" and self.facts.url:
            # A server shows it in place of pages of any depth.
            base = f"{self.facts.url}/"
        known = {**_known(self), "site": self, "url": url, "base": base}
        return _environment.get_template(template).render(known | values).encode()


def _known(site: Site) -> dict[str, object]:
    return {field.name: getattr(site, field.name) for field in fields(site)}


def _named(name: str, among: Iterable[Any]) -> Any:
    return next(one for one in among if one.name == name)


def _around(
    row: Sequence[One], one: One, step: Callable[[One], Step]
) -> tuple[Step | None, Step | None]:
    """The steps to the neighbours of one in a row; None beyond its ends."""
    place = next(index for index, other in enumerate(row) if other is one)
    return (
        step(row[place - 1]) if place else None,
        step(row[place + 1]) if place + 1 < len(row) else None,
    )


_environment = Environment(
    loader=PackageLoader("filter_atlas.atlas"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters.update(spell=spell, share=share, ordinal=ordinal)
_environment.globals.update(curve=curve, colours=COLOURS)
