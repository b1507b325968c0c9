"""Find how the filters of all layers are built from each other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import devices
from filter_atlas.base.addresses import paths_of_photographs
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.circuits.twins import read_twins
from filter_atlas.measure.contributions import LayerContributions
from filter_atlas.measure.record import versions
from filter_atlas.settings.family import facts_of_run
from filter_atlas.settings.network_source import NetworkSource

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write the circuits of every layer, the tables, and the summary."""
    from threadpoolctl import threadpool_limits

    from filter_atlas.circuits import record
    from filter_atlas.circuits.exemplars import LayerExemplars, on_exemplars
    from filter_atlas.circuits.layer import Computed, layer_circuits, wire
    from filter_atlas.networks import load, tensorflow_device
    from filter_atlas.optimize.microbatches import microbatches_at_once

    given, output, params = snakemake.input, snakemake.output, snakemake.params
    device, cores = snakemake.resources.device, devices.cores()
    used = tensorflow_device.select(device)
    network, digest = load.load_network(Path(given.weights), NetworkSource.planned())
    exemplars = {}
    if given.evidence:
        exemplars = on_exemplars(
            [LayerExemplars.from_file(Path(file)) for file in given.evidence],
            paths_of_photographs(facts_of_run("evidence")),
            network,
            microbatches_at_once(device, cores),
            log_line,
        )
    computed = Computed(digest, used, versions("scikit-learn"))
    wired = wire(network, params.layers)
    layers = []
    # One thread for each product, because the last bits of a sum can depend on their number.
    with threadpool_limits(1), ThreadPoolExecutor(cores) as pool:
        for layer, fed, twins, file, table in zip(
            params.layers,
            given.contributions,
            given.twins,
            output.layers,
            output.tables,
            strict=True,
        ):
            found = layer_circuits(
                layer,
                network,
                wired,
                LayerContributions.from_file(Path(fed)),
                exemplars,
                read_twins(Path(twins)),
                pool,
                computed,
            )
            write_atomically(file, found.to_json())
            write_atomically(table, record.layer_table(found))
            layers.append(found)
            log_line(f"{layer}: the circuits of {len(found.filters)} filters")
    write_atomically(output.filters, record.filter_table(layers))
    write_atomically(output.summary, record.markdown(layers).encode())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
