"""Stitch the best filters of every layer into one picture of the network."""

from typing import TYPE_CHECKING

from filter_atlas import stitch
from filter_atlas.files import write_atomically
from filter_atlas.picture import read_png, to_png
from filter_atlas.rule import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        size, best, margin = (snakemake.params[name] for name in ("size", "best", "margin"))
        rows = [
            (name, paper_name, stitch.tiles(read_png(top), size, margin, min(best, drawn)))
            for top, (name, paper_name, drawn) in zip(
                snakemake.input.tops, snakemake.params.layers, strict=True
            )
        ]
        write_atomically(snakemake.output.overview, to_png(stitch.overview(rows, margin), {}))
