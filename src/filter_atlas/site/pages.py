"""The pages of the atlas as HTML, rendered from templates."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from filter_atlas.base.formatting import format_number, format_ordinal, format_share
from filter_atlas.measure import table
from filter_atlas.measure.measures import MEASURES
from filter_atlas.site import curve, kernel_tile
from filter_atlas.site.colour import COLOURS
from filter_atlas.site.entries import FilterEntry, LayerEntry, LayerView
from filter_atlas.site.image import Image
from filter_atlas.site.panel import Panel, variant_links
from filter_atlas.site.run_metadata import RunMetadata
from filter_atlas.site.section import (
    Column,
    Content,
    Flag,
    LinkList,
    Page,
    PanelPart,
    Table,
    View,
)


@dataclass(frozen=True)
class PageLink:
    """A link to another page of the site: its address and its name."""

    url: str
    name: str


Item = TypeVar("Item")


@dataclass(frozen=True)
class Site:
    """The data of the whole site, which every page can show.

    Attributes:
        metadata: how the pictures were made.
        layers: every layer, in the order of the plan.
        contents: what each family shows, in the order of the navigation.
        overview: a preview of the overview for phones (None if the large one is small enough), a
            large preview, and the PNG that they link to.
        plots: figures of the run's measures.
    """

    metadata: RunMetadata
    layers: Sequence[LayerEntry]
    contents: Sequence[Content]
    overview: tuple[Image | None, Image, Image]
    plots: Sequence[Image] = ()

    @property
    def drawn(self) -> int:
        """Number of drawn filters."""
        return sum(layer.drawn for layer in self.layers)

    @property
    def alive(self) -> int:
        """Number of drawn filters that are alive."""
        return sum(layer.alive for layer in self.layers)

    @property
    def total(self) -> int:
        """Number of all filters of the drawn layers."""
        return sum(layer.plan.total for layer in self.layers)

    @cached_property
    def link_lists(self) -> list[LinkList]:
        """The lists of links in the panel of every filter."""
        variants = [variant_links(self.layers)] if self.metadata.variants else []
        return [*variants, *(links for content in self.contents for links in content.link_lists)]

    @cached_property
    def flags(self) -> list[Flag]:
        """The properties of filters that can be searched for."""
        return [flag for content in self.contents for flag in content.flags]

    @cached_property
    def columns(self) -> list[Column]:
        """The numbers of filters that can be searched for and sorted by, beside the measures."""
        return [column for content in self.contents for column in content.columns]

    @cached_property
    def parts(self) -> list[PanelPart]:
        """The parts of families in the panel of every filter."""
        return [part for content in self.contents for part in content.parts]

    @cached_property
    def views(self) -> list[View]:
        """The further pages of each layer."""
        return [view for content in self.contents for view in content.views]

    def pages_of(self, layer: LayerEntry) -> list[LayerView]:
        """All pages of a layer, its own first; empty if it has no other."""
        further = [LayerView(view.name, view_url(view, layer)) for view in self.views]
        if not further:
            return list(layer.views)
        return [*(layer.views or [LayerView("pictures", layer.url)]), *further]

    @cached_property
    def methods(self) -> list[str]:
        """The templates of families' entries on the page about methods."""
        return [template for content in self.contents for template in content.methods]

    @property
    def tables(self) -> list[Table]:
        """The tables that people can download."""
        filters = Table(
            title="Measures",
            description="A row for each picture: activations, robustness, noisiness, rank.",
            columns=table.MEANINGS,
            files={"filters.csv": "filters.csv"},
        )
        return [filters, *(found for content in self.contents for found in content.tables)]

    @cached_property
    def navigation(self) -> list[PageLink]:
        """The pages that every page links to."""
        listed = [PageLink(page.url, page.title) for page in self._page_list() if page.title]
        return [PageLink("index.html", "Layers"), *listed]

    def index(self) -> bytes:
        """The first page: what the atlas is, every layer at a glance, and the search."""
        return self._render("index.html", "index.html.j2")

    def layer(self, layer: LayerEntry, view: View | None = None) -> bytes:
        """The page of one layer: a thumbnail of each drawn filter, and an empty panel.

        Args:
            layer: the layer.
            view: what the thumbnails show; by default the filters' own pictures.
        """

        def url(of: LayerEntry) -> str:
            return view_url(view, of) if view else of.url

        previous, following = _neighbours(
            self.layers, layer, lambda other: PageLink(url(other), other.plan.name)
        )
        notes = [content.layer_notes.get(layer.plan.name) for content in self.contents]
        return self._render(
            url(layer),
            "layer.html.j2",
            layer=layer,
            view=view,
            thumbnails=[
                (entry, view.thumbnails.get(entry.key) if view else entry.thumbnail.image)
                for entry in layer.filters
            ],
            notes=[note for note in notes if note],
            previous=previous,
            following=following,
        )

    def variant(self, layer: LayerEntry, variant: str, url: str) -> bytes:
        """The page of one variant of a layer's filters."""
        shown = [(entry, _named(variant, entry.variants)) for entry in layer.filters]
        previous, following = _neighbours(
            self.layers,
            layer,
            lambda other: PageLink(_named(variant, other.views).url, other.plan.name),
        )
        return self._render(
            url,
            "variant.html.j2",
            layer=layer,
            variant=variant,
            shown=shown,
            previous=previous,
            following=following,
        )

    def filter(self, layer: LayerEntry, entry: FilterEntry, panel: Panel) -> bytes:
        """The page of one filter, which can be cited."""
        previous, following = _neighbours(
            layer.filters, entry, lambda other: PageLink(other.url, str(other.index))
        )
        return self._render(
            entry.url,
            "filter.html.j2",
            layer=layer,
            entry=entry,
            panel=panel,
            previous=previous,
            following=following,
        )

    def other_pages(self) -> Iterator[tuple[str, bytes]]:
        """All other pages with their URLs, one after the other: there can be thousands."""
        for page in self._page_list():
            yield page.url, self._render(page.url, page.template, **page.values)

    def _page_list(self) -> list[Page]:
        recipe = self.metadata.recipe.model_dump_json(indent=2)
        return [
            *(page for content in self.contents for page in content.pages),
            Page("compare.html", "compare.html.j2", "Compare"),
            Page("methods.html", "methods.html.j2", "Methods", {"recipe": recipe}),
            Page("data.html", "data.html.j2", "Data"),
            Page("404.html", "404.html.j2"),
        ]

    def _render(self, url: str, template: str, **values: object) -> bytes:
        base = "../" * url.count("/")
        if url == "404.html" and self.metadata.url:
            # A server shows this page instead of missing pages in any folder.
            base = f"{self.metadata.url}/"
        known = {"site": self, "metadata": self.metadata, "layers": self.layers}
        known |= {"url": url, "base": base}
        return _environment.get_template(template).render(known | values).encode()


def view_url(view: View, layer: LayerEntry) -> str:
    """The address of a further page of a layer."""
    return f"views/{view.name}/{layer.name}.html"


def _named(name: str, among: Iterable[Any]) -> Any:
    return next(item for item in among if item.name == name)


def _neighbours(
    row: Sequence[Item], item: Item, link: Callable[[Item], PageLink]
) -> tuple[PageLink | None, PageLink | None]:
    """The links to the neighbours of an item in a row; None beyond the ends."""
    place = next(index for index, other in enumerate(row) if other is item)
    return (
        link(row[place - 1]) if place else None,
        link(row[place + 1]) if place + 1 < len(row) else None,
    )


_environment = Environment(
    loader=PackageLoader("filter_atlas.site", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters.update(
    format_number=format_number, format_share=format_share, format_ordinal=format_ordinal
)
_environment.globals.update(
    curve=curve, kernel_tile=kernel_tile, colours=COLOURS, measures=MEASURES
)
