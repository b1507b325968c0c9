"""Write the values of all measures as a table, its summary by layer, and three figures."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import logged
from filter_atlas.measure import plots
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import Value, measure_values
from filter_atlas.measure.record import Record
from filter_atlas.measure.table import OWN, measures_csv, summarise_layers, summary_markdown

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def read_values(records: Iterable[Record], measures: Iterable[str]) -> list[dict[str, Value]]:
    """The values of all measures of filters, from their records and their layers' files."""
    layers = {layer.layer: layer.values for layer in map(LayerMeasures.from_file, measures)}
    return [measure_values(record, layers[record.layer][record.filter]) for record in records]


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        inputs, output, params = snakemake.input, snakemake.output, snakemake.params
        own_records = [Record.from_file(path) for path in inputs.records]
        own = read_values(own_records, inputs.measures)
        variants = {
            variant: read_values(
                (
                    Record.from_file(path)
                    for path in inputs.variant_records
                    if Path(path).parents[1].name == variant
                ),
                (path for path in inputs.variant_measures if Path(path).parent.name == variant),
            )
            for variant in params.variants
        }
        rows = [
            (variant, values)
            for variant, rows_of_variant in {OWN: own, **variants}.items()
            for values in rows_of_variant
        ]
        summary = summary_markdown(summarise_layers(own))
        write_atomically(output.table, measures_csv(rows))
        write_atomically(output.summary, summary.encode())
        write_atomically(output.activation, plots.activation_by_layer(own_records))
        write_atomically(output.loss, plots.loss_curves(own_records))
        write_atomically(
            output.noisiness, plots.noisiness_by_recipe({params.recipe: own, **variants})
        )
