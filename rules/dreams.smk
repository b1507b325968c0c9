# Deep dreams of photographs. The target `dreams` makes only these.

from filter_atlas.dream import family as dream_results

dream_picture = in_report(
    dream_results.path("{dream}", "png"),
    "dreams/picture",
    dream="{dream}",
    excited=lambda wildcards: plan.config.dreams[wildcards.dream].excited,
)


rule dreams:
    input:
        dream_results.DREAMS.results(plan.config),


# A dream uses the whole machine, so that dreams and filters do not slow each other down.
rule dream:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
    output:
        picture=dream_picture,
        record=dream_results.path("{dream}", "json"),
    log:
        f"{paths.LOGS}/dream/{{dream}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/dream/{{dream}}.tsv"
    wildcard_constraints:
        dream=one_of(dream_results.without_zoom(plan.config)),
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        settings=lambda wildcards: plan.config.dreams[wildcards.dream].model_dump_json(),
        # By their content: paths and times change if the folder is moved or copied.
        photographs=lambda wildcards: plan.facts.families["dreams"][wildcards.dream],
        animation="",
        code=code_of("dream.py"),
    shell:
        'python "$FILTER_ATLAS/scripts/dream.py" {params.settings:q}'
        " --device {resources.device} --weights {input.weights:q} --picture {output.picture:q}"
        " --record {output.record:q} {params.animation} 2> {log:q}"


use rule dream as zoom_webp with:
    output:
        picture=dream_picture,
        record=dream_results.path("{dream}", "json"),
        animation=dream_results.path("{dream}", "webp"),
    wildcard_constraints:
        dream=one_of(dream_results.with_zoom(plan.config, "webp")),
    params:
        animation=lambda wildcards, output: f"--animation {output.animation}",


use rule dream as zoom_gif with:
    output:
        picture=dream_picture,
        record=dream_results.path("{dream}", "json"),
        animation=dream_results.path("{dream}", "gif"),
    wildcard_constraints:
        dream=one_of(dream_results.with_zoom(plan.config, "gif")),
    params:
        animation=lambda wildcards, output: f"--animation {output.animation}",
