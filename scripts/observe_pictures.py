"""Let the observer judge how much the pictures of a layer tell."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import devices
from filter_atlas.base.addresses import paths_of_photographs
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.paths import CACHE
from filter_atlas.base.png import read_png
from filter_atlas.base.script_logging import log_line, logged
from filter_atlas.measure.record import versions
from filter_atlas.settings.family import facts_of_run
from filter_atlas.truth.job import Natural, Observers, judge_layer
from filter_atlas.truth.observations import read_observations
from filter_atlas.truth.patches import PhotographReader
from filter_atlas.truth.path_similarity import LayerPaths

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def start(side: int) -> Observers:
    """Start TensorFlow, and load the observer."""
    from filter_atlas.truth.observer import load_observers

    name, device = snakemake.params.observer, snakemake.resources.device
    return load_observers(name, Path(CACHE), side, device, devices.cores())


def main() -> None:
    """Write the record of the layer."""
    given, params = snakemake.input, snakemake.params
    layer = snakemake.wildcards.layer
    files = list(zip(map(Path, given.records), map(Path, given.rows), strict=True))
    observed = read_observations(files, layer, params.filters)
    reader = PhotographReader(observed, paths_of_photographs(facts_of_run("evidence")))
    found = judge_layer(
        layer,
        params.filters,
        observed,
        Natural.from_file(Path(given.evidence)),
        LayerPaths.from_files(
            Path(given.picture_paths), Path(given.patch_paths), len(params.filters)
        ),
        lambda: [read_png(path) for path in given.pictures],
        reader.square,
        start,
        params.dependent,
        log_line,
        params.observer,
        versions(),
    )
    write_atomically(snakemake.output.record, found.to_json())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
