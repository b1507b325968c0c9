"""Merge all observations: order the photographs of every filter, and copy those that are shown."""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from filter_atlas.base.arrays import npz
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.evidence import family
from filter_atlas.evidence.exemplars import copy_photographs, list_photographs, remove_others
from filter_atlas.evidence.observations import read_chunk
from filter_atlas.evidence.photographs import from_facts
from filter_atlas.evidence.ranking import Ranking
from filter_atlas.evidence.record import LayerEvidence, table
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.settings.family import facts_of_run

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write the evidence of every layer, the tables, and the copies of the photographs."""
    given, output, params = snakemake.input, snakemake.output, snakemake.params
    files = [list(map(Path, kind)) for kind in (given.records, given.rows, given.counts)]
    ranking = Ranking([read_chunk(*chunk) for chunk in zip(*files, strict=True)])
    layers: list[LayerEvidence] = []
    strongest: dict[str, np.ndarray] = {}
    for (layer, filters), measures, file in zip(
        params.filters.items(), given.measures, output.layers, strict=True
    ):
        values = LayerMeasures.from_file(measures).values
        pictures = {index: values[index]["shown_peak"] for index in filters}
        evidence, best = ranking.rank(layer, filters, pictures, params.observing_code)
        write_atomically(file, evidence.to_json())
        layers.append(evidence)
        strongest |= {f"{layer}/filters": best.filters, f"{layer}/shares": best.shares}
    remove_others(list(chain.from_iterable(files)))
    found = from_facts(facts_of_run(family.NAME))
    shown = {digest for evidence in layers for digest in evidence.photographs}
    copied = copy_photographs(
        found.photographs, shown, ranking.layout.size, Path(output.copies), log_line
    )
    photographs = list_photographs(ranking, found, copied)
    names = {digest: entry.name for digest, entry in photographs.photographs.items()}
    write_atomically(output.filters, table(layers, names))
    write_atomically(output.strongest, npz(compressed=True, **strongest))
    write_atomically(output.photographs, photographs.to_json())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
