"""Building the atlas: from the results of a run to a folder of pages."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from filter_atlas import paths
from filter_atlas.atlas import data
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.atlas.folder import SiteFolder
from filter_atlas.atlas.panel import panel
from filter_atlas.atlas.shelf import Shelf, find
from filter_atlas.errors import ResultsError
from filter_atlas.plan import LayerPlan


def build(layers: Sequence[LayerPlan], root: Path, facts: RunFacts, out: Path) -> None:
    """Build the atlas of `layers` in `out`, from the results under `root`.

    The site is whole in itself: canonical pictures and records are hard links into `root`, or
    copies where the file system has none. The same results give the same bytes; files that have
    not changed are not written, tiles whose picture has not changed are not made again, and files
    of layers and filters no longer in `layers` are removed.

    Args:
        layers: the layers of the plan, in the order of the atlas.
        root: the results folder, laid out as `filter_atlas.paths` says.
        facts: how the pictures came about, and how the site is to be.
        out: folder of the site; made if need be.

    Raises:
        ResultsError: a planned result is missing or damaged.
        OSError: `out` cannot be written.
    """
    _check(root, layers, facts)
    folder = SiteFolder(out)
    site = Shelf(folder, root, facts).site(layers)
    for asset in resources.files("filter_atlas.atlas").joinpath("assets").iterdir():
        folder.write(f"assets/{asset.name}", asset.read_bytes())
    for layer in site.layers:
        panels = [panel(entry, layer, facts) for entry in layer.filters]
        folder.write(layer.url, site.layer(layer))
        folder.write(f"data/{layer.name}.js", data.layer(layer, panels))
        for edition in layer.editions[1:]:
            folder.write(edition.url, site.variant(layer, edition.name, edition.url))
        if facts.filter_pages:
            for entry, told in zip(layer.filters, panels, strict=True):
                folder.write(entry.url, site.filter(layer, entry, told))
    folder.write("data/search.js", data.search(site.layers))
    folder.write("data/datapackage.json", data.package(site.layers, facts))
    folder.write("data/record.schema.json", data.record_schema())
    for url, page in site.others().items():
        folder.write(url, page)
    folder.sweep()
    # Last, so that the page that Snakemake waits for appears when all it shows is there.
    folder.settle()
    folder.write("index.html", site.index())
    folder.settle()


def _check(root: Path, layers: Sequence[LayerPlan], facts: RunFacts) -> None:
    planned = [(section.name, index) for section in layers for index in section.filters]
    filters = {
        f"{layer}/{index}": (paths.picture(layer, index), paths.record(layer, index))
        for layer, index in planned
    }
    filters |= {
        f"{layer}/{index}, {variant}": (
            paths.variant_picture(variant, layer, index),
            paths.variant_record(variant, layer, index),
        )
        for variant in facts.variants
        for layer, index in planned
    }
    stitched = [paths.OVERVIEW]
    for section in layers:
        stitched += [paths.grid(section.name), paths.top_grid(section.name)]
    others = {
        **{
            f"dream {one}": (paths.dream(one, "png"), paths.dream(one, "json"))
            for one in facts.dreams
        },
        **{
            f"class {one}": (paths.class_picture(one), paths.class_record(one))
            for one in facts.classes
        },
        "filters.csv": (f"{paths.METRICS}/filters.csv",),
    }
    _demand(root, "planned filters have no picture or no record", filters)
    _demand(root, "stitched pictures are missing", {name: (name,) for name in stitched})
    _demand(root, "dreams, classes and tables are missing", others)


def _demand(root: Path, complaint: str, needed: Mapping[str, Sequence[str]]) -> None:
    missing = [
        label
        for label, names in needed.items()
        if not all(find(root, name).is_file() for name in names)
    ]
    if missing:
        first = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        raise ResultsError(
            f"{root}: {len(missing)} of {len(needed)} {complaint} ({first}); "
            "run again to make what is missing"
        )
