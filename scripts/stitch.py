"""Stitch a layer's pictures into grids: all filters in order, the same scaled down, the best."""

from typing import TYPE_CHECKING

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import to_png
from filter_atlas.base.script_logging import logged
from filter_atlas.measure import contact_sheets
from filter_atlas.measure.record import Record

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        margin, best = snakemake.params.margin, snakemake.params.best
        records = [Record.from_file(path) for path in snakemake.input.records]
        pictures = contact_sheets.read_pictures(snakemake.input.pictures, records)
        by_filter = {
            record.filter: picture for record, picture in zip(records, pictures, strict=True)
        }
        top = [by_filter[record.filter] for record in contact_sheets.best(records, best * best)]
        everything = contact_sheets.grid(
            pictures, contact_sheets.columns_for(len(pictures)), margin
        )
        write_atomically(snakemake.output.grid, to_png(everything, {}))
        write_atomically(snakemake.output.sheet, contact_sheets.sheet(everything))
        write_atomically(
            snakemake.output.top, to_png(contact_sheets.grid(top, min(best, len(top)), margin), {})
        )
