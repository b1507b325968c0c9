"""Loads the results of a run, and puts the files that pages link to into the site's folder."""

from collections.abc import Sequence
from pathlib import Path

from filter_atlas.base import paths
from filter_atlas.base.digests import file_digest
from filter_atlas.base.errors import ResultsError
from filter_atlas.base.png import check_digest
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import measure_values
from filter_atlas.measure.record import Record
from filter_atlas.measure.table import OWN
from filter_atlas.site import svg
from filter_atlas.site.entries import (
    FilterEntry,
    LayerEntry,
    LayerView,
    Variant,
    file_name,
    higher_than,
)
from filter_atlas.site.image import Image, png_size
from filter_atlas.site.output_folder import SiteFolder
from filter_atlas.site.run_metadata import RunMetadata
from filter_atlas.site.sprites import SpriteRequest, Sprites
from filter_atlas.site.thumbnails import ThumbnailRequest, Thumbnails
from filter_atlas.workflow.plan import LayerPlan

OVERVIEW_HEIGHT = 1200
PHONE_HEIGHT = 600
"""Heights of the previews of the overview, in pixels. The smaller one is for phones, and has a
third of the bytes."""

MOSAIC_HEIGHT = 400
"""Height of a layer's mosaic, in pixels."""

PLOTS = {
    "activation": "Final activation of the filters of every layer",
    "loss": "The course of the loss, layer by layer",
    "noisiness": "Noisiness of the pictures, recipe by recipe",
}


class ResultsLoader:
    """Loads results, and puts the files that pages link to into the site's folder.

    Results are named by their paths relative to the folder in which Snakemake runs, as in
    `filter_atlas.base.paths`; files of the site by their paths relative to its root.

    Attributes:
        metadata: how the pictures were made, and what the site may show.

    All methods raise:
        ResultsError: a result is damaged, or a picture is not the one in its record.
        OSError: a result cannot be read, or a file cannot be written.
    """

    def __init__(self, folder: SiteFolder, root: Path, metadata: RunMetadata) -> None:
        """Load from the results folder `root` into `folder`."""
        self._folder = folder
        self._root = root
        self.metadata = metadata
        self._thumbnails = Thumbnails(folder)
        self._sprites = Sprites(self._thumbnails)

    def find(self, result: str) -> Path:
        """Path of a result, which need not exist."""
        return self._root / Path(result).relative_to(paths.ROOT)

    def exists(self, result: str) -> bool:
        """Whether the run has made a result."""
        return self.find(result).is_file()

    def link(self, name: str, result: str) -> str:
        """Put a result into the site, and return its name there."""
        return self.link_file(name, self.find(result))

    def link_file(self, name: str, path: Path) -> str:
        """Put any file into the site, also one of another atlas, and return its name there."""
        self._folder.link(name, path)
        return name

    def picture(self, name: str, result: str, alt: str, digest: str | None = None) -> Image:
        """Put a PNG into the site.

        Args:
            name: its name there.
            result: the PNG.
            alt: its text.
            digest: sha256 of its file in its record; None if the file need not be compared.
        """
        png = self.find(result)
        if digest is not None:
            check_digest(png, file_digest(png), digest)
        width, height = png_size(png)
        return Image(self.link(name, result), width, height, alt)

    def preview(self, name: str, result: str, alt: str, height: int) -> Image:
        """Make a smaller picture of a PNG.

        Args:
            name: its name among all thumbnails, without a suffix.
            result: the PNG.
            alt: its text.
            height: its height in pixels.
        """
        return self.preview_file(name, self.find(result), alt, height)

    def preview_file(self, name: str, path: Path, alt: str, height: int) -> Image:
        """Make a smaller picture of any PNG, also of one of another atlas; see `preview`."""
        [thumbnail] = self._thumbnails.make([ThumbnailRequest(name, path, alt, height)])
        return thumbnail.image

    def sprites(self, requests: Sequence[SpriteRequest]) -> list[Image]:
        """Make sprites, in the order given."""
        return self._sprites.make(requests)

    def write(self, name: str, data: bytes) -> str:
        """Write a file of the site, and return its name there."""
        self._folder.write(name, data)
        return name

    def plot(self, result: str, alt: str) -> Image | None:
        """Put an SVG into the site; None if the run has not made it."""
        if not self.exists(result):
            return None
        source = self.find(result)
        return Image(self.link(f"plots/{source.name}", result), *svg.size(source), alt)

    def plots(self) -> list[Image]:
        """The figures of the run's measures."""
        figures = (self.plot(f"{paths.METRICS}/{name}.svg", alt) for name, alt in PLOTS.items())
        return [figure for figure in figures if figure]

    def overview(self) -> tuple[Image | None, Image, Image]:
        """Two previews of the overview, and its PNG.

        The first preview is for phones; None if the second one is small enough.
        """
        alt = "The strongest filters of every layer, a row each, from the first to the last"
        whole = self.picture("overview.png", paths.OVERVIEW, "The overview of the network")
        large = self.preview("overview", paths.OVERVIEW, alt, OVERVIEW_HEIGHT)
        if large.height <= PHONE_HEIGHT:
            return None, large, whole
        # No layer's file has a dot in its name.
        return self.preview("overview.phone", paths.OVERVIEW, alt, PHONE_HEIGHT), large, whole

    def layer(self, plan: LayerPlan) -> LayerEntry:
        """A layer, with all of its filters and their variants."""
        layer, name = plan.name, file_name(plan.name)
        url = f"layers/{name}.html"
        views = [
            LayerView(variant, f"variants/{variant}/{name}.html")
            for variant in self.metadata.variants
        ]
        return LayerEntry(
            plan=plan,
            name=name,
            url=url,
            filters=self._filters(plan),
            grid=self.picture(
                f"grids/{name}.png", paths.grid(layer), f"Every drawn filter of {layer}, in order"
            ),
            mosaic=self.preview(
                name, paths.top_grid(layer), f"The strongest filters of {layer}", MOSAIC_HEIGHT
            ),
            views=(LayerView(OWN, url), *views) if views else (),
        )

    def close(self) -> None:
        """Write the manifest of the thumbnails, for the next build."""
        self._thumbnails.close()

    def _filters(self, plan: LayerPlan) -> tuple[FilterEntry, ...]:
        name = file_name(plan.name)
        measured = LayerMeasures.from_file(self.find(paths.measures(plan.name))).values
        own = self._drawn(plan, None)
        variants = [self._drawn(plan, variant) for variant in self.metadata.variants]
        entries = []
        higher = higher_than([one.record for one in own])
        for place, (index, drawn) in enumerate(zip(plan.filters, own, strict=True)):
            entries.append(
                FilterEntry(
                    record=drawn.record,
                    measures=measure_values(drawn.record, measured[index]),
                    record_url=drawn.record_url,
                    picture=drawn.picture,
                    thumbnail=drawn.thumbnail,
                    url=(
                        f"filters/{name}/{index}.html"
                        if self.metadata.filter_pages
                        else f"layers/{name}.html#filter-{index}"
                    ),
                    higher_than=higher[place],
                    variants=tuple(by_filter[place] for by_filter in variants),
                )
            )
        return tuple(entries)

    def _drawn(self, plan: LayerPlan, variant: str | None) -> list[Variant]:
        """The own pictures of a layer's filters, or one variant of each, in order."""
        layer, name = plan.name, file_name(plan.name)
        folder, pictures, records = name, f"pictures/{name}", f"records/{name}"
        if variant:
            folder = pictures = records = f"variants/{variant}/{name}"
        note = f", variant {variant}" if variant else ""
        drawn_records = [self._record(layer, index, variant) for index in plan.filters]
        thumbnails = self._thumbnails.make(
            [
                ThumbnailRequest(
                    f"{folder}/{record.filter}",
                    self.find(paths.picture(layer, record.filter, variant)),
                    f"Filter {record.filter} of {layer}{note}",
                    digest=record.picture_digest,
                )
                for record in drawn_records
            ]
        )
        drawn = []
        for record, thumbnail in zip(drawn_records, thumbnails, strict=True):
            index = record.filter
            picture = paths.picture(layer, index, variant)
            drawn.append(
                Variant(
                    name=variant or OWN,
                    record=record,
                    record_url=self.link(
                        f"{records}/{index}.json", paths.record(layer, index, variant)
                    ),
                    picture=self.picture(f"{pictures}/{index}.png", picture, thumbnail.image.alt),
                    thumbnail=thumbnail,
                )
            )
        return drawn

    def _record(self, layer: str, index: int, variant: str | None) -> Record:
        path = self.find(paths.record(layer, index, variant))
        record = Record.from_file(path)
        if (record.layer, record.filter) != (layer, index):
            raise ResultsError(
                f"{path}: the record of filter {record.filter} of {record.layer}; delete it and "
                "run again"
            )
        return record
