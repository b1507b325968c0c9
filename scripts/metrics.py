"""Gather the records' measures into a table, its summary, and three figures."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas import metrics, plots
from filter_atlas.files import write_atomically
from filter_atlas.record import Record
from filter_atlas.rule import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        output, params = snakemake.output, snakemake.params
        own = [Record.read(path) for path in snakemake.input.records]
        varied = [
            (Path(path).parents[1].name, Record.read(path))
            for path in snakemake.input.get("varied", [])
        ]
        groups = {params.recipe: own} | {
            name: [record for variant, record in varied if variant == name]
            for name in params.variants
        }
        rows = [*((metrics.OWN, record) for record in own), *varied]
        summary = metrics.markdown(metrics.summary(own))
        write_atomically(output.table, metrics.table(rows))
        write_atomically(output.summary, summary.encode())
        write_atomically(output.activation, plots.activation_by_layer(own))
        write_atomically(output.loss, plots.loss_curves(own))
        write_atomically(output.noisiness, plots.noisiness_by_recipe(groups))
