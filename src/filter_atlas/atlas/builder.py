"""Building the atlas: from the results of a run to a folder of pages."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from filter_atlas import paths
from filter_atlas.atlas import pages
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.atlas.folder import SiteFolder
from filter_atlas.atlas.image import Image, png_size
from filter_atlas.errors import ResultsError
from filter_atlas.plan import LayerPlan
from filter_atlas.record import Record


def build(
    layers: Sequence[LayerPlan],
    root: Path,
    facts: RunFacts,
    out: Path,
    variants: Sequence[str] = (),
    dreams: Mapping[str, str] | None = None,
) -> None:
    """Build the atlas of `layers` in `out`, from the results under `root`.

    The site is whole in itself: pictures and records are hard links into `root`, or copies where
    the file system has none. The same results give the same bytes; files that have not changed
    are not written, and those of layers and filters no longer in `layers` are removed.

    Args:
        layers: the layers of the plan, in the order of the atlas.
        root: the results folder, laid out as `filter_atlas.paths` says.
        facts: how the pictures came about.
        out: folder of the site; made if need be.
        variants: those of which every layer has a page as well.
        dreams: names of dreams, and what each one excites.

    Raises:
        ResultsError: a planned filter, a grid or the overview is missing or damaged.
        OSError: `out` cannot be written.
    """
    _check(root, layers, variants)
    site = SiteFolder(out)
    overview = _image(
        site,
        "overview.png",
        _find(root, paths.OVERVIEW),
        "The strongest filters of every layer, a row each, from the first layer to the last",
    )
    entries = [_layer(site, section, root, variants) for section in layers]
    extras = _extras(site, root, dreams or {})
    for asset in resources.files("filter_atlas.atlas").joinpath("assets").iterdir():
        site.write(f"assets/{asset.name}", asset.read_bytes())
    for entry, previous, following in zip(
        entries, [None, *entries], [*entries[1:], None], strict=False
    ):
        site.write(entry.url, pages.layer_page(entry, previous, following))
        for edition in entry.editions[1:]:
            filters = [
                _varied(site, edition.name, entry.section.name, index, root)
                for index in entry.section.filters
            ]
            site.write(edition.url, pages.variant_page(entry, edition.name, filters))
    site.sweep()
    # Last, so that the page that Snakemake waits for appears when all it shows is there.
    site.write("index.html", pages.index_page(entries, overview, facts, extras))


def _find(root: Path, name: str) -> Path:
    """Where a result that `filter_atlas.paths` names lies under the results folder `root`."""
    return root / Path(name).relative_to(paths.ROOT)


def _check(root: Path, layers: Sequence[LayerPlan], variants: Sequence[str]) -> None:
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
        for variant in variants
        for layer, index in planned
    }
    stitched = [paths.OVERVIEW]
    for section in layers:
        stitched += [paths.grid(section.name), paths.top_grid(section.name)]
    _demand(root, "planned filters have no picture or no record", filters)
    _demand(root, "stitched pictures are missing", {name: (name,) for name in stitched})


def _demand(root: Path, complaint: str, needed: Mapping[str, Sequence[str]]) -> None:
    missing = [
        label
        for label, names in needed.items()
        if not all(_find(root, name).is_file() for name in names)
    ]
    if missing:
        first = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        raise ResultsError(
            f"{root}: {len(missing)} of {len(needed)} {complaint} ({first}); "
            "run again to make what is missing"
        )


def _layer(
    site: SiteFolder, section: LayerPlan, root: Path, variants: Sequence[str]
) -> pages.LayerEntry:
    layer, name = section.name, pages.file_name(section.name)
    url = f"layers/{name}.html"
    varied = [pages.Edition(variant, f"variants/{variant}/{name}.html") for variant in variants]
    return pages.LayerEntry(
        section=section,
        url=url,
        editions=(pages.Edition("positive", url), *varied) if varied else (),
        filters=tuple(_filter(site, layer, index, root) for index in section.filters),
        grid=_image(
            site,
            f"grids/{name}.png",
            _find(root, paths.grid(layer)),
            f"Every drawn filter of {layer}, in order",
        ),
        top_grid=_image(
            site,
            f"grids/{name}_top.png",
            _find(root, paths.top_grid(layer)),
            f"The strongest filters of {layer}",
        ),
    )


def _filter(site: SiteFolder, layer: str, index: int, root: Path) -> pages.FilterEntry:
    name = f"{pages.file_name(layer)}/{index}"
    return _entry(
        site,
        (f"records/{name}.json", _find(root, paths.record(layer, index))),
        (f"pictures/{name}.png", _find(root, paths.picture(layer, index))),
        f"Filter {index} of {layer}",
    )


def _varied(
    site: SiteFolder, variant: str, layer: str, index: int, root: Path
) -> pages.FilterEntry:
    name = f"variants/{variant}/{pages.file_name(layer)}/{index}"
    return _entry(
        site,
        (f"{name}.json", _find(root, paths.variant_record(variant, layer, index))),
        (f"{name}.png", _find(root, paths.variant_picture(variant, layer, index))),
        f"Filter {index} of {layer}, variant {variant}",
    )


def _entry(
    site: SiteFolder, record: tuple[str, Path], picture: tuple[str, Path], alt: str
) -> pages.FilterEntry:
    """A filter's record and picture, each given by its URL and where it lies."""
    site.link(*record)
    return pages.FilterEntry(
        record=Record.read(record[1]),
        record_url=record[0],
        picture=_image(site, *picture, alt),
    )


def _extras(site: SiteFolder, root: Path, dreams: Mapping[str, str]) -> pages.Extras:
    """Twins where they were looked for, and the dreams."""
    figure = _find(root, f"{paths.TWINS}/twins.svg")
    twins = None
    if figure.is_file():
        site.link("twins/twins.svg", figure)
        alt = "Share of each layer's filters that have a twin"
        twins = Image(url="twins/twins.svg", width=800, height=408, alt=alt)
    return pages.Extras(
        twins=twins,
        dreams=tuple(
            _image(
                site,
                f"dreams/{name}.png",
                _find(root, paths.dream(name, "png")),
                f"Dream “{name}”: {excited} excited",
            )
            for name, excited in dreams.items()
        ),
    )


def _image(site: SiteFolder, name: str, source: Path, alt: str) -> Image:
    width, height = png_size(source)
    site.link(name, source)
    return Image(url=name, width=width, height=height, alt=alt)
