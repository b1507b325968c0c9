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
    """A link to a filter or a picture: its address, its thumbnail's address, its name, a note."""

    url: str
    thumbnail: str
    name: str
    note: str


@dataclass(frozen=True)
class LinkList:
    """A list of links in the panel of every filter.

    Attributes:
        name: its name in the data of the pages; it is unique.
        heading: its heading in the panel.
        links: the links of each filter that has any.
        note: a sentence that explains them; may be empty.
    """

    name: str
    heading: str
    links: Mapping[FilterKey, Sequence[Link]]
    note: str = ""


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
        layer_notes: a sentence on the page of some layers, by the layer's name.
        tables: tables that people can download.
    """

    pages: Sequence[Page] = ()
    link_lists: Sequence[LinkList] = ()
    flags: Sequence[Flag] = ()
    layer_notes: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()


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
