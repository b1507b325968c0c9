"""Stitch the best filters of every layer into one picture of the network."""

from typing import TYPE_CHECKING

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import read_png, to_png
from filter_atlas.base.script_logging import logged
from filter_atlas.measure import contact_sheets

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        size, best, margin = (snakemake.params[name] for name in ("size", "best", "margin"))
        rows = [
            (
                name,
                paper_name,
                contact_sheets.cut_grid(read_png(top), size, margin, min(best, drawn)),
            )
            for top, (name, paper_name, drawn) in zip(
                snakemake.input.tops, snakemake.params.layers, strict=True
            )
        ]
        write_atomically(
            snakemake.output.overview, to_png(contact_sheets.overview(rows, margin), {})
        )
