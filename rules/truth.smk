# Truth: how much a picture tells about what fires its filter. The target `truth` makes only this.

from filter_atlas.truth import family as truth_results

truth_observer = truth_results.observer(plan.config)


rule truth:
    input:
        truth_results.TRUTH.results(plan.config),


rule observe_pictures:
    input:
        pictures=lambda wildcards: [
            paths.picture(wildcards.layer, index)
            for index in plan.layer(wildcards.layer).filters
        ],
        records=rules.exemplars.input.records,
        rows=rules.exemplars.input.rows,
        evidence=evidence_results.path("{layer}"),
        picture_paths=paths.activation_paths("{layer}"),
        patch_paths=evidence_results.activation_paths("{layer}"),
    output:
        record=truth_results.path("{layer}"),
    log:
        f"{paths.LOGS}/observe_pictures/{{layer}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/observe_pictures/{{layer}}.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=lambda wildcards: plan.measuring_device(wildcards.layer),
        gres=plan.gres,
    params:
        filters=lambda wildcards: plan.layer(wildcards.layer).filters,
        observer=truth_observer,
        dependent=truth_observer
        and truth_results.dependence(truth_observer, plan.facts.source),
        code=code_of("observe_pictures.py"),
    script:
        "../scripts/observe_pictures.py"


rule truth_summary:
    input:
        records=[truth_results.path(layer) for layer in plan.layer_names],
    output:
        filters=truth_results.FILTERS,
        summary=in_report(truth_results.SUMMARY, "truth/by_layer"),
    log:
        f"{paths.LOGS}/truth_summary.log",
    benchmark:
        f"{paths.BENCHMARKS}/truth_summary.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        code=code_of("truth_summary.py"),
    script:
        "../scripts/truth_summary.py"
