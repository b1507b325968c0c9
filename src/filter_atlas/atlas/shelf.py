"""Everything that a site shows, taken from a run's results and put into the site's folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from filter_atlas import paths
from filter_atlas.atlas import svg
from filter_atlas.atlas.catalogue import (
    ClassEntry,
    DreamEntry,
    Edition,
    FilterEntry,
    LayerEntry,
    Variant,
    higher_than,
    neighbours,
)
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.atlas.folder import SiteFolder
from filter_atlas.atlas.image import Image, png_size
from filter_atlas.atlas.pages import Site, file_name
from filter_atlas.atlas.tiles import KIND, Order, Tiles
from filter_atlas.classes.record import ClassRecord
from filter_atlas.dream.record import DreamRecord
from filter_atlas.plan import LayerPlan
from filter_atlas.record import Record
from filter_atlas.twins.report import LayerTwins

OVERVIEW_HEIGHT = 1200
PHONE_HEIGHT = 600
"""Of the overview: as wide as a phone has pixels, with a third of the bytes."""

MOSAIC_HEIGHT = 400
DREAM_HEIGHT = 720
"""Heights of previews, in pixels; their PNGs stay to be had."""

PLOTS = {
    "activation": "Final activation of the filters of every layer",
    "loss": "The course of the loss, layer by layer",
    "noisiness": "Noisiness of the pictures, recipe by recipe",
}


class Shelf:
    """Takes what a site shows from a run's results, and puts the files into the site's folder."""

    def __init__(self, folder: SiteFolder, root: Path, facts: RunFacts) -> None:
        self._folder = folder
        self._root = root
        self._facts = facts
        self._tiles = Tiles(folder)

    def site(self, layers: Sequence[LayerPlan]) -> Site:
        """Everything that the pages show.

        Raises:
            ResultsError: a result is damaged.
            OSError: a result cannot be read, or a file not be written.
        """
        small, large = self._overview()
        whole = self._picture("overview.png", paths.OVERVIEW, "The overview of the network")
        site = Site(
            facts=self._facts,
            layers=[self._layer(section) for section in layers],
            overview=(small, large, whole),
            dreams=[self._dream(*one) for one in self._facts.dreams.items()],
            classes=[self._class(index) for index in self._facts.classes],
            twins=self._plot(
                f"{paths.TWINS}/twins.svg", "Share of each layer's filters that have a twin"
            ),
            plots=[
                plot
                for name, alt in PLOTS.items()
                if (plot := self._plot(f"{paths.METRICS}/{name}.svg", alt))
            ],
        )
        self._link("data/filters.csv", f"{paths.METRICS}/filters.csv")
        self._tiles.close()
        return site

    def _overview(self) -> tuple[Image | None, Image]:
        """Previews of the overview: for phones, where a smaller one is of use, and for others."""
        alt = "The strongest filters of every layer, a row each, from the first to the last"
        large = self._preview(f"tiles/overview.{KIND}", paths.OVERVIEW, alt, OVERVIEW_HEIGHT)
        if large.height <= PHONE_HEIGHT:
            return None, large
        # No layer's file has a dot in its name.
        small = f"tiles/overview.phone.{KIND}"
        return self._preview(small, paths.OVERVIEW, alt, PHONE_HEIGHT), large

    def _layer(self, section: LayerPlan) -> LayerEntry:
        layer, name = section.name, file_name(section.name)
        url = f"layers/{name}.html"
        varied = [
            Edition(variant, f"variants/{variant}/{name}.html") for variant in self._facts.variants
        ]
        twins = None
        if self._find(paths.twins(layer, "json")).is_file():
            twins = LayerTwins.read(self._find(paths.twins(layer, "json")))
            self._link(f"data/twins/{name}.csv", paths.twins(layer, "csv"))
        return LayerEntry(
            section=section,
            name=name,
            url=url,
            filters=self._filters(section, twins),
            grid=self._picture(
                f"grids/{name}.png", paths.grid(layer), f"Every drawn filter of {layer}, in order"
            ),
            mosaic=self._preview(
                f"tiles/{name}.{KIND}",
                paths.top_grid(layer),
                f"The strongest filters of {layer}",
                MOSAIC_HEIGHT,
            ),
            editions=(Edition("positive", url), *varied) if varied else (),
            twins=twins,
        )

    def _filters(self, section: LayerPlan, twins: LayerTwins | None) -> tuple[FilterEntry, ...]:
        layer, name = section.name, file_name(section.name)
        records = [Record.read(self._find(paths.record(layer, index))) for index in section.filters]
        tiles = self._tiles.make(
            [
                Order(
                    f"tiles/{name}/{index}.{KIND}",
                    self._find(paths.picture(layer, index)),
                    f"Filter {index} of {layer}",
                )
                for index in section.filters
            ]
        )
        near = neighbours(self._find(paths.twins(layer, "npz")), twins) if twins else {}
        variants = self._variants(section)
        entries = []
        for record, tile, higher in zip(records, tiles, higher_than(records), strict=True):
            index = record.filter
            entries.append(
                FilterEntry(
                    record=record,
                    record_url=self._link(
                        f"records/{name}/{index}.json", paths.record(layer, index)
                    ),
                    picture=self._picture(
                        f"pictures/{name}/{index}.png", paths.picture(layer, index), tile.image.alt
                    ),
                    tile=tile,
                    url=(
                        f"filters/{name}/{index}.html"
                        if self._facts.filter_pages
                        else f"layers/{name}.html#filter-{index}"
                    ),
                    higher_than=higher,
                    neighbours=near.get(index, ()),
                    variants=tuple(one[index] for one in variants),
                )
            )
        return tuple(entries)

    def _variants(self, section: LayerPlan) -> list[dict[int, Variant]]:
        """For every variant, that of each filter of a layer."""
        layer, name = section.name, file_name(section.name)
        made = []
        for variant in self._facts.variants:
            alts = [f"Filter {one} of {layer}, variant {variant}" for one in section.filters]
            tiles = self._tiles.make(
                [
                    Order(
                        f"tiles/variants/{variant}/{name}/{index}.{KIND}",
                        self._find(paths.variant_picture(variant, layer, index)),
                        alt,
                    )
                    for index, alt in zip(section.filters, alts, strict=True)
                ]
            )
            made.append(
                {
                    index: Variant(
                        name=variant,
                        record=Record.read(self._find(paths.variant_record(variant, layer, index))),
                        record_url=self._link(
                            f"variants/{variant}/{name}/{index}.json",
                            paths.variant_record(variant, layer, index),
                        ),
                        picture=self._picture(
                            f"variants/{variant}/{name}/{index}.png",
                            paths.variant_picture(variant, layer, index),
                            alt,
                        ),
                        tile=tile,
                    )
                    for index, alt, tile in zip(section.filters, alts, tiles, strict=True)
                }
            )
        return made

    def _dream(self, name: str, excited: str) -> DreamEntry:
        alt = f"Dream “{name}”: {excited} excited"
        picture = self._picture(f"dreams/{name}.png", paths.dream(name, "png"), alt)
        flights = [
            replace(
                picture,
                url=self._link(f"dreams/{name}.{kind}", paths.dream(name, kind)),
                alt=f"{alt}, as a flight into it",
            )
            for kind in ("webp", "gif")
            if self._find(paths.dream(name, kind)).is_file()
        ]
        return DreamEntry(
            name=name,
            excited=excited,
            picture=picture,
            preview=self._preview(
                f"tiles/dreams/{name}.{KIND}", paths.dream(name, "png"), alt, DREAM_HEIGHT
            ),
            flight=flights[0] if flights else None,
            record=DreamRecord.read(self._find(paths.dream(name, "json"))),
            record_url=self._link(f"dreams/{name}.json", paths.dream(name, "json")),
        )

    def _class(self, index: int) -> ClassEntry:
        record = ClassRecord.read(self._find(paths.class_record(index)))
        alt = f"What the network takes for class {index}, {record.judgement.name}"
        return ClassEntry(
            picture=self._picture(f"classes/{index}.png", paths.class_picture(index), alt),
            record=record,
            record_url=self._link(f"classes/{index}.json", paths.class_record(index)),
        )

    def _plot(self, result: str, alt: str) -> Image | None:
        source = self._find(result)
        if not source.is_file():
            return None
        return Image(self._link(f"plots/{source.name}", result), *svg.size(source), alt)

    def _preview(self, name: str, result: str, alt: str, height: int) -> Image:
        [tile] = self._tiles.make([Order(name, self._find(result), alt, height)])
        return tile.image

    def _picture(self, name: str, result: str, alt: str) -> Image:
        width, height = png_size(self._find(result))
        return Image(self._link(name, result), width, height, alt)

    def _link(self, name: str, result: str) -> str:
        self._folder.link(name, self._find(result))
        return name

    def _find(self, result: str) -> Path:
        return find(self._root, result)


def find(root: Path, name: str) -> Path:
    """Where a result that `filter_atlas.paths` names lies under the results folder `root`."""
    return root / Path(name).relative_to(paths.ROOT)
