"""Find the filters that fire most at each cell of a photograph, in every layer."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base.addresses import from_address
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import one_line
from filter_atlas.base.script_logging import logged
from filter_atlas.settings.family import facts_of_run
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.views import family
from filter_atlas.views.usual import read_usual

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake


def main() -> None:
    """Write the record, and a copy of the photograph as scaled for the network."""
    from filter_atlas.views.viewer import Viewer, read_found

    given, params, output = snakemake.input, snakemake.params, snakemake.output
    fact = facts_of_run(family.NAME)[snakemake.wildcards.view]
    viewer = Viewer(
        Path(given.weights),
        NetworkSource.planned(),
        params.filters,
        read_usual(Path(given.usual[0])) if given.usual else None,
        params.size,
        params.groups,
        snakemake.resources.device,
    )
    path = from_address(fact["address"])
    photograph = read_found(path, fact["digest"], viewer.size)
    record = viewer.view(one_line(path.name), photograph)
    write_atomically(output.photograph, photograph.to_webp())
    write_atomically(output.record, record.to_json())


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main()
