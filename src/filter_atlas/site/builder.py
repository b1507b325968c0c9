"""Building the atlas: from the results of a run to a folder of pages."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from filter_atlas.base import paths
from filter_atlas.base.errors import ResultsError
from filter_atlas.site import data
from filter_atlas.site.output_folder import SiteFolder
from filter_atlas.site.pages import Site, view_url
from filter_atlas.site.panel import panel
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.run_metadata import RunMetadata
from filter_atlas.site.section import Section
from filter_atlas.site.sections import SECTIONS
from filter_atlas.workflow.plan import LayerPlan


def build(
    layers: Sequence[LayerPlan],
    root: Path,
    metadata: RunMetadata,
    out: Path,
    sections: Sequence[Section] = SECTIONS,
) -> None:
    """Build the atlas of `layers` in `out`, from the results under `root`.

    The site is complete in itself: canonical pictures and records are hard links into `root`, or
    copies where the file system has no hard links. The same results give the same bytes. Files
    that have not changed are not written, thumbnails of unchanged pictures are not made again, and
    files of layers and filters that are no longer in `layers` are removed.

    Args:
        layers: the layers of the plan, in the order of the atlas.
        root: the results folder, with the layout of `filter_atlas.base.paths`.
        metadata: how the pictures were made, and which pages the site has.
        out: folder of the site; it need not exist.
        sections: the sections of all families, in the order of the navigation.

    Raises:
        ResultsError: a planned result is missing or damaged, or a picture is not the one in its
            record.
        OSError: `out` cannot be written.
    """
    folder = SiteFolder(out)
    loader = ResultsLoader(folder, root, metadata)
    _check(loader, layers, metadata, sections)
    entries = [loader.layer(layer) for layer in layers]
    site = Site(
        metadata=metadata,
        layers=entries,
        contents=[
            section.load(loader, entries, metadata.families.get(section.name, {}))
            for section in sections
        ],
        overview=loader.overview(),
        plots=loader.plots(),
    )
    loader.link("data/filters.csv", f"{paths.METRICS}/filters.csv")
    loader.close()
    _write(site, folder)


def _write(site: Site, folder: SiteFolder) -> None:
    """Write all pages, scripts and data."""
    for asset in resources.files("filter_atlas.site").joinpath("assets").iterdir():
        folder.write(f"assets/{asset.name}", asset.read_bytes())
    for layer in site.layers:
        panels = [
            panel(entry, layer, site.metadata, site.link_lists, site.parts)
            for entry in layer.filters
        ]
        folder.write(layer.url, site.layer(layer))
        folder.write(f"data/{layer.name}.js", data.layer(layer, site.flags, site.columns))
        for address, part in data.parts(layer, panels):
            folder.write(f"data/{address}.js", part)
        for shown in site.views:
            folder.write(view_url(shown, layer), site.layer(layer, shown))
        for view in layer.views[1:]:
            folder.write(view.url, site.variant(layer, view.name, view.url))
        if site.metadata.filter_pages:
            for entry, filled in zip(layer.filters, panels, strict=True):
                folder.write(entry.url, site.filter(layer, entry, filled))
    folder.write("data/search.js", data.search(site))
    folder.write("data/datapackage.json", data.package(site))
    folder.write("data/record.schema.json", data.record_schema())
    for url, page in site.other_pages():
        folder.write(url, page)
    # Snakemake waits for the first page, so it is written after everything that it links to.
    folder.flush()
    folder.write("index.html", site.index())
    folder.flush()
    folder.remove_stale()


def _check(
    loader: ResultsLoader,
    layers: Sequence[LayerPlan],
    metadata: RunMetadata,
    sections: Sequence[Section],
) -> None:
    """Look for all planned results before anything is written."""
    filters = {
        f"{layer.name}/{index}" + (f", {variant}" if variant else ""): (
            paths.picture(layer.name, index, variant),
            paths.record(layer.name, index, variant),
        )
        for variant in (None, *metadata.variants)
        for layer in layers
        for index in layer.filters
    }
    others = [paths.OVERVIEW, f"{paths.METRICS}/filters.csv"]
    for layer in layers:
        others += [paths.grid(layer.name), paths.top_grid(layer.name), paths.measures(layer.name)]
    _demand(loader, "planned filters have no picture or no record", filters)
    _demand(
        loader, "stitched pictures and measures are missing", {name: (name,) for name in others}
    )
    for section in sections:
        needed = section.needs(metadata.families.get(section.name, {}))
        _demand(loader, f"{section.name} are missing", needed)


def _demand(loader: ResultsLoader, complaint: str, needed: Mapping[str, Sequence[str]]) -> None:
    """Raise an error that counts the missing results and names the first ones.

    Args:
        loader: finds the results.
        complaint: the end of the error message, after the number of missing results.
        needed: the files of each result, by the name of the result.
    """
    missing = [label for label, names in needed.items() if not all(map(loader.exists, names))]
    if missing:
        first = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        raise ResultsError(
            f"{loader.find(paths.ROOT)}: {len(missing)} of {len(needed)} {complaint} ({first}); "
            "run again to make what is missing"
        )
