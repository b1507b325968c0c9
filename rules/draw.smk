# The pictures of filters, one job each.


rule draw_filter:
    # The provenance is a small file, so Snakemake compares its checksum and not only its age: it
    # shows whether the weights are new. Without it, Snakemake would not see which filters are
    # missing while the rule `weights` has yet to run.
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
    output:
        picture=paths.picture("{layer}", "{index}"),
        record=paths.record("{layer}", "{index}"),
    log:
        f"{paths.LOGS}/draw_filter/{{layer}}/{{index}}.log",
    priority: lambda wildcards: plan.priority(wildcards.layer, wildcards.index)
    conda:
        "../envs/filter-atlas.yaml"
    resources:
        device=lambda wildcards: plan.device(wildcards.layer, wildcards.index),
        gres=plan.gres,
    params:
        task=lambda wildcards: plan.task(wildcards.layer, wildcards.index),
        client=code_of("draw_filter.py"),
    shell:
        'python -I -S "$FILTER_ATLAS/scripts/draw_filter.py" {params.task:q} {resources.device}'
        " {input.weights:q} {output.picture:q} {output.record:q} 2> {log:q}"


use rule draw_filter as draw_variant with:
    output:
        picture=paths.picture("{layer}", "{index}", "{variant}"),
        record=paths.record("{layer}", "{index}", "{variant}"),
    log:
        f"{paths.LOGS}/draw_variant/{{variant}}/{{layer}}/{{index}}.log",
    params:
        task=lambda wildcards: plan.task(
            wildcards.layer, wildcards.index, wildcards.variant
        ),
