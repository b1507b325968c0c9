"""Draw the groups of filters of a view: what fires each of them, and where they are."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from filter_atlas.base import devices
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import read_png, to_png
from filter_atlas.base.script_logging import logged
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.recipe import Recipe
from filter_atlas.views.places import colour_places
from filter_atlas.views.record import ViewRecord
from filter_atlas.weights import canonical

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write both pictures of each layer."""
    from filter_atlas.networks import load, tensorflow_device
    from filter_atlas.optimize.microbatches import microbatcher_of
    from filter_atlas.views.directions import draw_groups

    given, params, output = snakemake.input, snakemake.params, snakemake.output
    record = ViewRecord.from_file(given.record)
    architecture = canonical.load_header(Path(given.weights)).architecture
    recipe = Recipe.model_validate_json(params.recipe, context={CONTEXT: architecture})
    device = snakemake.resources.device
    tensorflow_device.select(device)
    network, digest = load.load_network(Path(given.weights), NetworkSource.planned())
    text = {"Software": "Filter Atlas", "photo": record.digest, "weights": digest}
    left, top = record.square
    photograph = read_png(given.photograph)
    square = photograph[top : top + record.size, left : left + record.size]

    def draw(layer: str) -> bytes:
        total = architecture.by_name[layer].filters
        cells = record.layers[layer]
        pictures = draw_groups(
            layer, cells.groups, total, recipe, network, params.seed, microbatcher_of(device, 1)
        )
        return to_png(np.concatenate(pictures, axis=1), {**text, "layer": layer})

    # An operation has one thread, so the layers share the cores.
    with ThreadPoolExecutor(devices.cores()) as pool:
        drawn = list(pool.map(draw, params.layers))
    for layer, picture, *files in zip(
        params.layers, drawn, output.drawn, output.places, strict=True
    ):
        write_atomically(files[0], picture)
        places = colour_places(square, record.layers[layer])
        write_atomically(files[1], to_png(places, {**text, "layer": layer}))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
