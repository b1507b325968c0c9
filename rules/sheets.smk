# Many pictures on one: a layer's grids, and the overview of the network.


rule stitch:
    input:
        pictures=lambda wildcards: [
            paths.picture(wildcards.layer, index)
            for index in plan.layer(wildcards.layer).filters
        ],
        records=lambda wildcards: [
            paths.record(wildcards.layer, index)
            for index in plan.layer(wildcards.layer).filters
        ],
    output:
        grid=paths.grid("{layer}"),
        sheet=in_report(paths.sheet("{layer}"), "layers/every", layer=numbered),
        top=in_report(paths.top_grid("{layer}"), "layers/best", layer=numbered),
    log:
        f"{paths.LOGS}/stitch/{{layer}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/stitch/{{layer}}.tsv"
    # Higher than the priority of every filter. Whenever a job ends, Snakemake checks all inputs of
    # all waiting jobs, and a waiting grid has hundreds of inputs.
    priority: len(plan.filters) + 1
    conda:
        "../envs/filter-atlas.yaml"
    params:
        best=plan.config.grid.best,
        margin=plan.config.grid.margin,
        code=code_of("stitch.py"),
    script:
        "../scripts/stitch.py"


rule overview:
    input:
        tops=[paths.top_grid(layer) for layer in plan.layer_names],
    output:
        overview=in_report(paths.OVERVIEW, "network/overview"),
    log:
        f"{paths.LOGS}/overview.log",
    benchmark:
        f"{paths.BENCHMARKS}/overview.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        layers=[
            (layer.name, layer.paper_name, len(layer.filters)) for layer in plan.layers
        ],
        size=plan.recipe.size,
        best=plan.config.grid.overview,
        margin=plan.config.grid.margin,
        code=code_of("overview.py"),
    script:
        "../scripts/overview.py"
