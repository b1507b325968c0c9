"""Draw pictures that a classifier assigns to its classes, and write its evaluation of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import devices
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.paths import CACHE
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.recipe import Recipe

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Draw every class, then write the table of evaluations."""
    from filter_atlas.class_pictures.draw import draw_classes, summary_table
    from filter_atlas.networks import tensorflow_device
    from filter_atlas.optimize.microbatches import MicroBatcher, microbatches_at_once

    output, params = snakemake.output, snakemake.params
    device = snakemake.resources.device
    # On a GPU, too: a dense layer's last bits depend on the size of the batch.
    microbatcher = MicroBatcher(microbatches_at_once(device, devices.cores()))
    results = draw_classes(
        Classes.model_validate(params.classes),
        Recipe.model_validate(params.recipe),
        params.seed,
        tensorflow_device.select(device),
        Path(CACHE),
        microbatcher,
        log_line,
    )
    records = []
    for result, picture, record in zip(results, output.pictures, output.records, strict=True):
        write_atomically(picture, result.picture)
        write_atomically(record, result.record.to_json())
        records.append(result.record)
        found = result.record.evaluation
        log_line(
            f"class {found.index} ({found.name}): probability {found.probability:.4f}; "
            f"most likely class: {found.top1_text}"
        )
    write_atomically(output.summary, summary_table(records).encode())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
