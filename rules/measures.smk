# Measures of the pictures: for each layer a file, and two about the cells of its pictures that fire
# most (paths, and what feeds the filters); for all layers a table, its summary, and figures.


# It runs after drawing, so a new measure redraws nothing. One job measures a layer, through a warm
# worker, since starting TensorFlow would take longer than measuring.
rule measure:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        pictures=lambda wildcards: [
            paths.picture(wildcards.layer, index)
            for index in plan.layer(wildcards.layer).filters
        ],
    output:
        measures=paths.measures("{layer}"),
        paths=paths.activation_paths("{layer}"),
        contributions=paths.contributions("{layer}"),
    log:
        f"{paths.LOGS}/measure/{{layer}}.log",
    # Higher than the priority of every filter, for the same reason as in `stitch`.
    priority: len(plan.filters) + 1
    conda:
        "../envs/filter-atlas.yaml"
    resources:
        device=lambda wildcards: plan.measuring_device(wildcards.layer),
        gres=plan.gres,
    params:
        task=lambda wildcards: plan.measure_task(wildcards.layer),
        client=code_of("measure.py"),
    shell:
        'python -I -S "$FILTER_ATLAS/scripts/measure.py" {params.task:q} {resources.device}'
        " {input.weights:q} {output:q} 2> {log:q}"


use rule measure as measure_variant with:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        pictures=lambda wildcards: [
            paths.picture(wildcards.layer, index, wildcards.variant)
            for index in plan.layer(wildcards.layer).filters
        ],
    output:
        measures=paths.measures("{layer}", "{variant}"),
    log:
        f"{paths.LOGS}/measure_variant/{{variant}}/{{layer}}.log",
    params:
        task=lambda wildcards: plan.measure_task(wildcards.layer, wildcards.variant),


rule metrics:
    input:
        records=[paths.record(layer, index) for layer, index in plan.filters],
        measures=[paths.measures(layer) for layer in plan.layer_names],
        variant_records=[paths.record(*drawn) for drawn in plan.varied],
        variant_measures=[
            paths.measures(layer, variant)
            for variant in plan.config.variants
            for layer in plan.layer_names
        ],
    output:
        table=in_report(f"{paths.METRICS}/filters.csv", "measures/every_filter"),
        summary=in_report(f"{paths.METRICS}/summary.md", "measures/by_layer"),
        activation=in_report(f"{paths.METRICS}/activation.svg", "measures/activation"),
        loss=in_report(f"{paths.METRICS}/loss.svg", "measures/loss"),
        noisiness=in_report(f"{paths.METRICS}/noisiness.svg", "measures/noisiness"),
    log:
        f"{paths.LOGS}/metrics.log",
    benchmark:
        f"{paths.BENCHMARKS}/metrics.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        recipe=as_is(plan.config.recipe),
        variants=list(plan.config.variants),
        code=code_of("metrics.py"),
    script:
        "../scripts/metrics.py"
