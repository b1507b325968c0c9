# The atlas: a folder of static pages.


rule atlas:
    input:
        grids=[paths.grid(layer) for layer in plan.layer_names],
        tops=[paths.top_grid(layer) for layer in plan.layer_names],
        overview=paths.OVERVIEW,
        varied=[paths.record(*drawn) for drawn in plan.varied],
        measures=[paths.measures(layer) for layer in plan.layer_names],
        metrics=[
            f"{paths.METRICS}/{name}"
            for name in ("filters.csv", "activation.svg", "loss.svg", "noisiness.svg")
        ],
        families=[family.results(plan.config) for family in FAMILIES],
        provenance=paths.provenance(plan.network),
    output:
        index=paths.ATLAS_INDEX,
    log:
        f"{paths.LOGS}/atlas.log",
    benchmark:
        f"{paths.BENCHMARKS}/atlas.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        layers=[
            (layer.name, layer.paper_name, layer.total, layer.filters)
            for layer in plan.layers
        ],
        recipe_name=as_is(plan.config.recipe),
        recipe=plan.recipe.model_dump(mode="json"),
        seed=plan.config.seed,
        variants=list(plan.config.variants),
        families={family.name: family.site_metadata(plan.config) for family in FAMILIES},
        site=plan.config.site.model_dump(),
        settings=as_is(plan.settings),
        code=code_of("atlas.py"),
    script:
        "../scripts/atlas.py"
