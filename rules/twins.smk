# Twins: filters of a layer that respond to the same pattern, rotated or mirrored.

from filter_atlas.twins import family as twins


# All layers in one job: starting TensorFlow takes longer than a small layer.
rule twins:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        pictures=[paths.picture(layer, index) for layer, index in plan.filters],
    output:
        tables=[twins.path(layer, "csv") for layer in plan.layer_names],
        matrices=[twins.path(layer, "npz") for layer in plan.layer_names],
        summaries=[twins.path(layer, "json") for layer in plan.layer_names],
    log:
        f"{paths.LOGS}/twins.log",
    benchmark:
        f"{paths.BENCHMARKS}/twins.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        filters=plan.filters,
        rotation_step=plan.config.twins.rotation_step,
        threshold=plan.config.twins.threshold,
        code=code_of("twins.py"),
    script:
        "../scripts/twins.py"


rule twins_summary:
    input:
        summaries=[twins.path(layer, "json") for layer in plan.layer_names],
    output:
        summary=in_report(twins.SUMMARY, "twins/by_layer"),
        figure=in_report(twins.FIGURE, "twins/share"),
    log:
        f"{paths.LOGS}/twins_summary.log",
    benchmark:
        f"{paths.BENCHMARKS}/twins_summary.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        code=code_of("twins_summary.py"),
    script:
        "../scripts/twins_summary.py"
