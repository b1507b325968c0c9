"""Find the filters that speak for the likeliest classes of a photograph."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import devices
from filter_atlas.base.addresses import from_address
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.script_logging import logged
from filter_atlas.settings.family import facts_of_run
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.views import family
from filter_atlas.views.record import ViewRecord

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write the record of the attribution."""
    from filter_atlas.networks import tensorflow_device
    from filter_atlas.networks.keras_top import load_classifier
    from filter_atlas.optimize.microbatches import microbatches_at_once
    from filter_atlas.views.attribution import attribute_photograph
    from filter_atlas.views.speakers import AttributionRecord
    from filter_atlas.views.viewer import read_found

    given, params = snakemake.input, snakemake.params
    fact = facts_of_run(family.NAME)[snakemake.wildcards.view]
    size = ViewRecord.from_file(given.record).size
    photograph = read_found(from_address(fact["address"]), fact["digest"], size)
    device = snakemake.resources.device
    tensorflow_device.select(device)
    classifier = load_classifier(Path(given.weights), NetworkSource.planned(), size)
    if classifier is None:
        reason = f"the network does not classify pictures of {size} pixels"
        found = AttributionRecord(photograph.digest, reason, (), {})
    else:
        found = attribute_photograph(
            photograph.digest,
            classifier.see(photograph.square(size)),
            params.filters,
            lambda index: params.names[index] if params.names else str(index),
            microbatches_at_once(device, devices.cores()),
        )
    write_atomically(snakemake.output[0], found.to_json())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
