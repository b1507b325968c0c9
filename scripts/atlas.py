"""Build the atlas: static pages that show every filter that was drawn."""

from pathlib import Path
from typing import TYPE_CHECKING

from filter_atlas import paths
from filter_atlas.architecture import CONTEXT
from filter_atlas.atlas.builder import build
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.models import stored
from filter_atlas.plan import LayerPlan
from filter_atlas.recipe import Recipe
from filter_atlas.record import Record
from filter_atlas.rule import logged
from filter_atlas.weights.fingerprint import RANDOM
from filter_atlas.weights.provenance import Provenance

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        layers = [LayerPlan(*layer) for layer in params.layers]
        provenance = Provenance.read(Path(snakemake.input.provenance))
        weights = Path(snakemake.input.provenance).with_suffix(".h5")
        architecture = stored.architecture(weights)
        first = Record.read(paths.record(layers[0].name, layers[0].filters[0]))
        facts = RunFacts(
            recipe_name=params.recipe_name,
            recipe=Recipe.model_validate(params.recipe, context={CONTEXT: architecture}),
            seed=params.seed,
            weights_digest=provenance.digest,
            weights_source=provenance.source,
            weights_credit=provenance.credit,
            imagenet=provenance.imagenet,
            versions=first.versions,
            variants=params.variants,
            dreams=params.dreams,
            classes=params.classes,
            filter_pages=params.site["filter_pages"],
            url=params.site["url"].rstrip("/"),
            network=provenance.network,
            random=provenance.origin == RANDOM,
            settings=params.settings,
            precision=first.precision,
        )
        build(layers, Path(paths.ROOT), facts, Path(paths.ATLAS))
