"""Draw a mosaic of each layer: the pictures of the filters that fire most in a photograph."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from filter_atlas.base import paths
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import read_png, to_png
from filter_atlas.base.script_logging import logged
from filter_atlas.views.mosaic import mosaic
from filter_atlas.views.record import ViewRecord

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def picture(layer: str, index: int) -> np.ndarray:
    """The picture of a filter; those of a layer are as new as its grid, which is an input."""
    return read_png(paths.picture(layer, index))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        record = ViewRecord.from_file(snakemake.input.record)
        text = {"Software": "Filter Atlas", "photo": record.digest}
        for name, file in zip(snakemake.params.layers, snakemake.output.mosaics, strict=True):
            drawn = mosaic(record.layers[name], partial(picture, name))
            write_atomically(file, to_png(drawn, {**text, "layer": name}))
