"""Find the twins among each layer's filters, from the files of their pictures."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import read_png
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.settings.network_source import NetworkSource

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write a table, a matrix and a summary of every layer."""
    from filter_atlas.base import devices
    from filter_atlas.networks import load, tensorflow_device
    from filter_atlas.optimize.microbatches import microbatcher_of
    from filter_atlas.twins import report
    from filter_atlas.twins.finder import find_twins

    output, params = snakemake.output, snakemake.params
    pictures = zip(params.filters, snakemake.input.pictures, strict=True)
    by_layer = groupby(pictures, key=lambda picture: picture[0][0])
    files = zip(output.tables, output.matrices, output.summaries, strict=True)
    device = snakemake.resources.device
    tensorflow_device.select(device)
    microbatcher = microbatcher_of(device, devices.cores())
    network, digest = load.load_network(Path(snakemake.input.weights), NetworkSource.planned())
    for (layer, group), (table, matrix, summary) in zip(by_layer, files, strict=True):
        filters, paths = zip(*((index, path) for (_, index), path in group), strict=True)
        pixels = [read_png(path) for path in paths]
        found = find_twins(
            layer,
            filters,
            pixels,
            params.rotation_step,
            params.threshold,
            network,
            digest,
            microbatcher,
        )
        write_atomically(table, report.table(found.pairs))
        write_atomically(matrix, report.matrix(found.scores, found.symmetries, filters))
        write_atomically(summary, found.summary.to_json())
        log_line(f"{layer}: {found.summary.with_twin} of {len(filters)} filters have a twin")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
