"""How a family of results plugs into the site.

A family's section is a module in `filter_atlas.site.sections`: a function that loads the family's
results, puts its files into the site, and returns what the pages show. Everything else (the
navigation, the panels, the search, the data page) shows what the sections return, without the name
of any family.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from filter_atlas.settings.family import Facts
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.results_loader import ResultsLoader

FilterKey = tuple[str, int]
"""A filter: the name of its layer, and its index."""


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        url: its address, relative to the site's root.
        template: its template in `templates/`.
        title: its name in the navigation of every page; empty if it is not listed there.
        values: values for the template, in addition to those of all templates.
    """

    url: str
    template: str
    title: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A link to a filter or a picture.

    Attributes:
        url: its address.
        thumbnail: address of its thumbnail.
        name: its name.
        note: a note below it.
        kernel: the weights between the two filters as text, which become a small picture; may be
            empty. See `kernel_tile`.
    """

    url: str
    thumbnail: str
    name: str
    note: str
    kernel: str = ""


@dataclass(frozen=True)
class LinkList:
    """A list of links in the panel of every filter.

    Attributes:
        name: its name in the data of the pages; it is unique.
        heading: its heading in the panel; empty if a part of the panel shows it, by the macro
            `links` of `panel_parts.html.j2`.
        links: the links of each filter that has any.
        note: a sentence that explains them; may be empty.
        key: the key that follows the first link, `u` or `d`; may be empty.
        key_help: what this key does, for the help.
    """

    name: str
    heading: str
    links: Mapping[FilterKey, Sequence[Link]]
    note: str = ""
    key: str = ""
    key_help: str = ""


@dataclass(frozen=True)
class Flag:
    """A property of filters that can be searched for.

    Attributes:
        name: its name in the address of a search; it is unique.
        label: its label in the search form.
        filters: the filters that have it.
    """

    name: str
    label: str
    filters: Collection[FilterKey]


@dataclass(frozen=True)
class Column:
    """A number of every filter that can be searched for and sorted by.

    Attributes:
        name: its name in a search, as in `silent>0.9`; it is unique, also among the measures.
        values: the number of each filter that has one.
        orders: the labels of its ascending and its descending order.
    """

    name: str
    values: Mapping[FilterKey, float]
    orders: tuple[str, str]


@dataclass(frozen=True)
class Tile:
    """A link with a picture that is a part of the filter's sprite, and a note below it.

    Attributes:
        page: address of the page that it leads to. This page has a place for every filter that
            links to it; the place's id is the filter's `place`.
        name: name of the page, and text of the picture.
        note: the note.
    """

    page: str
    name: str
    note: str


@dataclass(frozen=True)
class PartContent:
    """What a part of the panel shows about one filter.

    Attributes:
        texts: texts by the name of their place in the template.
        paths: the `d` of SVG paths by the name of their place in the template.
        addresses: addresses of links by the name of their place in the template.
        tiles: lists of tiles by the name of their place in the template.
        sprite: the picture that all tiles are parts of; without it, they are only links.
    """

    texts: Mapping[str, str]
    paths: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    tiles: Mapping[str, Sequence[Tile]] = field(default_factory=dict)
    sprite: Image | None = None


@dataclass(frozen=True)
class PanelPart:
    """A part of the panel of every filter, above the measures.

    Attributes:
        template: a template with a macro `part(panel, sub)`; `sub` is the element of its headings.
            It uses the macros of `panel_parts.html.j2`, so that a script can fill it.
        contents: the content for every filter of the site. All have the same names of places, which
            no other part has.
    """

    template: str
    contents: Mapping[FilterKey, PartContent]


@dataclass(frozen=True)
class View:
    """A further page of each layer, with other thumbnails of its filters.

    Attributes:
        name: its name in the links between the pages of a layer, and in their addresses.
        note: a sentence that explains the thumbnails.
        thumbnails: the thumbnail of each filter that has one; the upper square of it is shown.
    """

    name: str
    note: str
    thumbnails: Mapping[FilterKey, Image]


@dataclass(frozen=True)
class Table:
    """CSV files with the same columns, in the site's folder `data`.

    Attributes:
        title: their title on the data page.
        description: one sentence that describes each file.
        columns: type and meaning of each column; types as in Frictionless Table Schema.
        files: the label of each file by its path in `data`.
    """

    title: str
    description: str
    columns: Mapping[str, tuple[str, str]]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Content:
    """Everything that a family shows on the site; empty if it has no results.

    Attributes:
        pages: its own pages.
        link_lists: lists of links in the panels of filters.
        flags: properties of filters that can be searched for.
        columns: numbers of filters that can be searched for and sorted by.
        parts: parts of the panels of filters.
        views: further pages of each layer.
        layer_notes: a sentence on the page of some layers, by the layer's name.
        tables: tables that people can download.
        methods: templates of entries in the list on the page about methods.
    """

    pages: Sequence[Page] = ()
    link_lists: Sequence[LinkList] = ()
    flags: Sequence[Flag] = ()
    columns: Sequence[Column] = ()
    parts: Sequence[PanelPart] = ()
    views: Sequence[View] = ()
    layer_notes: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    methods: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A family's part of the site.

    Attributes:
        name: name of the family. Its files in the site lie in folders of this name.
        load: loads the family's results. It takes what loads results and puts files into the site,
            the layers of the site, and the family's `site_metadata`.
        needs: the results without which the site cannot be built, by what an error message calls
            them; paths relative to the folder in which Snakemake runs. By default none.
    """

    name: str
    load: Callable[[ResultsLoader, Sequence[LayerEntry], Facts], Content]
    needs: Callable[[Facts], Mapping[str, Sequence[str]]] = lambda facts: {}
