"""Summarise the twins of all layers: a table, and a figure of their share against depth."""

from typing import TYPE_CHECKING

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import logged
from filter_atlas.measure import plots
from filter_atlas.twins import baseline, report
from filter_atlas.twins.report import LayerTwins

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        layers = [LayerTwins.from_file(path) for path in snakemake.input.summaries]
        shares = {
            "this network": {layer.layer: layer.share for layer in layers},
            **baseline.shares(layers),
        }
        write_atomically(snakemake.output.summary, report.markdown(layers).encode())
        write_atomically(snakemake.output.figure, plots.twins_by_depth(shares))
