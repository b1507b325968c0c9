"""Sum up the twins of all layers: a table, and a figure of their share against depth."""

from typing import TYPE_CHECKING

from filter_atlas import plots
from filter_atlas.files import write_atomically
from filter_atlas.rule import logged
from filter_atlas.twins import control, report
from filter_atlas.twins.report import LayerTwins

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        layers = [LayerTwins.read(path) for path in snakemake.input.summaries]
        shares = {
            "this network": {one.layer: one.share for one in layers},
            **control.shares(layers),
        }
        write_atomically(snakemake.output.summary, report.markdown(layers).encode())
        write_atomically(snakemake.output.figure, plots.twins_by_depth(shares))
