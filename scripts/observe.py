"""Observe how all filters respond to the photographs of one chunk."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import devices
from filter_atlas.base.arrays import npy
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import WARNING
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.evidence import family
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import ObservationStore
from filter_atlas.evidence.photographs import from_facts, is_in_chunk, warn_of_left_out
from filter_atlas.settings.family import facts_of_run
from filter_atlas.settings.network_source import NetworkSource

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    from filter_atlas.evidence.observer import Observer

    snakemake: Snakemake


def start() -> "Observer":
    """Start TensorFlow, and load the network."""
    from filter_atlas.evidence.observer import load_observer

    params = snakemake.params
    return load_observer(
        Path(snakemake.input.weights),
        NetworkSource.planned(),
        params.layers,
        params.size,
        snakemake.resources.device,
        devices.cores(),
    )


def main() -> None:
    """Observe, and write the files of the chunk."""
    output, params = snakemake.output, snakemake.params
    found = from_facts(facts_of_run(family.NAME))
    chunk_name = snakemake.wildcards.chunk
    photographs = [one for one in found.photographs if is_in_chunk(one.digest, chunk_name)]
    network = Path(snakemake.input.weights).stem
    folder = family.store(network, params.layers, params.size, params.code)
    chunk = observe_chunk(photographs, ObservationStore(Path(folder)), start, log_line)
    names = {photograph.digest: photograph.name for photograph in photographs}
    left_out = [(names[digest], reason) for digest, reason in chunk.record.unreadable.items()]
    if warning := warn_of_left_out(left_out, len(photographs)):
        log_line(f"{WARNING}{warning}")
    write_atomically(output.rows, npy(chunk.rows))
    write_atomically(output.counts, npy(chunk.counts))
    write_atomically(output.record, chunk.record.to_json())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
