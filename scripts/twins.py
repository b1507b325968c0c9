"""Find the twins among each layer's filters, from their pictures as they are written."""

from itertools import groupby
from typing import TYPE_CHECKING

from filter_atlas.files import write_atomically
from filter_atlas.rule import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write a table, a matrix and a summary for every layer."""
    from filter_atlas.twins import find, report

    output, params = snakemake.output, snakemake.params
    places = zip(params.filters, snakemake.input.pictures, strict=True)
    layers = {layer: list(group) for layer, group in groupby(places, key=lambda one: one[0][0])}
    finder = find.Finder(snakemake.resources.device, snakemake.input.weights)
    for place, (layer, group) in enumerate(layers.items()):
        filters = [index for (_, index), _ in group]
        found = finder.find(
            layer, filters, [path for _, path in group], params.turn, params.threshold
        )
        write_atomically(output.tables[place], report.table(found.pairs))
        write_atomically(output.matrices[place], report.matrix(found.scores, found.turns, filters))
        write_atomically(output.summaries[place], found.summary.to_json())
        print(f"{layer}: {found.summary.with_twin} of {len(filters)} filters have a twin")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
