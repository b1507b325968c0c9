"""Gather what the observer says about all layers in a table, and in a summary."""

from typing import TYPE_CHECKING

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import logged
from filter_atlas.truth.record import LayerTruth, markdown, table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        layers = [LayerTruth.from_file(path) for path in snakemake.input.records]
        write_atomically(snakemake.output.filters, table(layers))
        write_atomically(snakemake.output.summary, markdown(layers).encode())
