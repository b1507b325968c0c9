"""Compute where in its photographs each filter fires, and the paths of its top patches."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import devices
from filter_atlas.base.arrays import npz
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.evidence import family
from filter_atlas.evidence.photographs import from_facts
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.settings.family import facts_of_run
from filter_atlas.settings.network_source import NetworkSource

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write the heat maps and the paths of every layer."""
    from filter_atlas.evidence.heat import map_patches
    from filter_atlas.networks import load, tensorflow_device
    from filter_atlas.optimize.microbatches import microbatches_at_once

    layers = [LayerEvidence.from_file(file) for file in snakemake.input.layers]
    found = from_facts(facts_of_run(family.NAME))
    device = snakemake.resources.device
    tensorflow_device.select(device)
    network, _ = load.load_network(Path(snakemake.input.weights), NetworkSource.planned())
    threads = microbatches_at_once(device, devices.cores())
    maps = map_patches(layers, found.photographs, network, threads, log_line)
    output = snakemake.output
    for layer, heat, paths in zip(layers, output.heat, output.paths, strict=True):
        write_atomically(heat, npz(compressed=True, heat=maps[layer.layer].heat))
        write_atomically(paths, npz(compressed=True, paths=maps[layer.layer].paths))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
