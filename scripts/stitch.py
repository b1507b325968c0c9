"""Stitch a layer's pictures into two grids: every filter in order (also small), the best ones."""

from typing import TYPE_CHECKING

from filter_atlas import stitch
from filter_atlas.files import write_atomically
from filter_atlas.picture import read_png, to_png
from filter_atlas.record import Record
from filter_atlas.rule import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        margin, best = snakemake.params.margin, snakemake.params.best
        pictures = [read_png(path) for path in snakemake.input.pictures]
        records = [Record.read(path) for path in snakemake.input.records]
        by_filter = {
            record.filter: picture for record, picture in zip(records, pictures, strict=True)
        }
        top = [by_filter[record.filter] for record in stitch.best(records, best * best)]
        everything = stitch.grid(pictures, stitch.columns_for(len(pictures)), margin)
        write_atomically(snakemake.output.grid, to_png(everything, {}))
        write_atomically(snakemake.output.sheet, stitch.sheet(everything))
        write_atomically(
            snakemake.output.top, to_png(stitch.grid(top, min(best, len(top)), margin), {})
        )
