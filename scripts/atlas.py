"""Build the atlas: static pages that show every drawn filter."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas.base import paths
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.base.script_logging import logged
from filter_atlas.measure.record import Record
from filter_atlas.settings.network_source import RANDOM
from filter_atlas.settings.recipe import Recipe
from filter_atlas.site.builder import build
from filter_atlas.site.run_metadata import RunMetadata
from filter_atlas.weights import canonical
from filter_atlas.weights.provenance import Provenance
from filter_atlas.workflow.plan import LayerPlan

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        layers = [LayerPlan(*layer) for layer in params.layers]
        provenance = Provenance.from_file(Path(snakemake.input.provenance))
        weights = Path(snakemake.input.provenance).with_suffix(".h5")
        architecture = canonical.load_header(weights).architecture
        first = Record.from_file(paths.record(layers[0].name, layers[0].filters[0]))
        metadata = RunMetadata(
            recipe_name=params.recipe_name,
            recipe=Recipe.model_validate(params.recipe, context={CONTEXT: architecture}),
            seed=params.seed,
            weights_digest=provenance.digest,
            weights_source=provenance.source,
            weights_credit=provenance.credit,
            imagenet=provenance.imagenet,
            versions=first.versions,
            variants=params.variants,
            families=params.families,
            filter_pages=params.site["filter_pages"],
            photographs=params.site["photographs"],
            url=params.site["url"].rstrip("/"),
            network=provenance.network,
            random=provenance.origin == RANDOM,
            settings=params.settings,
            precision=first.precision,
        )
        build(layers, Path(paths.ROOT), metadata, Path(paths.ATLAS))
