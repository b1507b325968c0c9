# Filter Atlas: from a network's weights to an atlas of all its filters.

import re
import sys

from snakemake.utils import min_version

from filter_atlas import config as settings
from filter_atlas import digests, environment, locks, paths
from filter_atlas.errors import FilterAtlasError
from filter_atlas.plan import CLASSIFYING, COMPARING, DREAMING, Plan
from filter_atlas.worker import home

min_version("9.17")


configfile: "config.yaml"


report: "report/workflow.rst"


try:
    environment.check_folder()
    plan = Plan.of(settings.read(environment.settled(config, workflow)))
except FilterAtlasError as error:
    sys.exit(f"Error: {error}")

environment.prepare(plan, workflow.basedir)

if workflow.is_main_process:
    locks.claim()


def one_of(names):
    """A pattern that matches these names, and nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def shown(result, caption, **labels):
    """A result that `snakemake --report` shows.

    Never single filters' pictures: with thousands of them no browser would open the report.

    Args:
        result: its path.
        caption: its caption is `report/<caption>.rst`. The folder is the category in which it
            is shown, the file's name says what it is of the labelled.
        labels: further labels, as patterns or as functions of the wildcards.
    """
    category, shows = caption.split("/")
    labels["shows"] = shows.replace("_", " ")
    return report(
        result,
        caption=f"report/{caption}.rst",
        category=category.capitalize(),
        labels=lambda wildcards: {
            name: label(wildcards) if callable(label) else label
            for name, label in labels.items()
        },
    )


def numbered(wildcards):
    """A layer's label; a report sorts by it, and is to keep the network's order."""
    return f"{plan.layer_names.index(wildcards.layer) + 1:02} {wildcards.layer}"


def excited(wildcards):
    """What a dream excites."""
    return plan.dream(wildcards.dream).excited


dreamt = shown(
    paths.dream("{dream}", "png"), "dreams/picture", dream="{dream}", excited=excited
)


# None where jobs go to a cluster and no number of cores is given.
whole_machine = workflow.resource_settings.cores or 1


onstart:
    environment.lift_default_rate_limit(workflow)
    try:
        environment.check_cluster(plan, workflow)
        environment.prepare_results()
    except FilterAtlasError as error:
        sys.exit(f"Error: {error}")
    environment.warn_of_slow_numbers(plan, workflow)
    environment.look_ahead(plan, workflow)


# A worker that was killed leaves a socket, which nobody may come to replace.
onsuccess:
    home.sweep()


onerror:
    home.sweep()


wildcard_constraints:
    layer=one_of(plan.layer_names),
    index=r"\d+",
    variant=one_of(plan.variants),


# Pictures and records are targets too, so that one which is deleted is drawn again.
rule all:
    input:
        paths.ATLAS_INDEX,
        [paths.picture(layer, index) for layer, index in plan.filters],
        [paths.record(layer, index) for layer, index in plan.filters],
        [paths.variant_picture(*one) for one in plan.varied],
        [paths.variant_record(*one) for one in plan.varied],
        [paths.sheet(layer) for layer in plan.layer_names],
        f"{paths.METRICS}/filters.csv",
        f"{paths.TWINS}/summary.md",
        plan.dream_results,
        plan.class_results,


rule weights:
    output:
        weights=paths.weights(plan.weights),
        provenance=paths.provenance(plan.weights),
    log:
        f"{paths.LOGS}/weights.log",
    benchmark:
        f"{paths.BENCHMARKS}/weights.tsv"
    conda:
        "envs/filter-atlas.yaml"
    shell:
        'python "$FILTER_ATLAS/scripts/weights.py" {output.weights:q} {output.provenance:q}'
        " 2>&1 | tee {log:q} >&2"


rule ascend:
    # Only the small file tells whether the weights are new: Snakemake compares its checksum, not
    # its age alone. Without it, a run of `weights` would hide all that is missing behind it.
    input:
        weights=ancient(paths.weights(plan.weights)),
        provenance=paths.provenance(plan.weights),
    output:
        picture=paths.picture("{layer}", "{index}"),
        record=paths.record("{layer}", "{index}"),
    log:
        f"{paths.LOGS}/ascend/{{layer}}/{{index}}.log",
    priority: lambda wildcards: plan.priority(wildcards.layer, wildcards.index)
    retries: 2
    conda:
        "envs/filter-atlas.yaml"
    resources:
        device=lambda wildcards: plan.device(wildcards.layer, wildcards.index),
        gres=plan.gres,
    params:
        task=lambda wildcards: plan.task(wildcards.layer, wildcards.index),
    shell:
        'python -I -S "$FILTER_ATLAS/scripts/ascend.py" {params.task:q} {resources.device}'
        " {input.weights:q} {output.picture:q} {output.record:q} 2> {log:q}"


use rule ascend as vary with:
    output:
        picture=paths.variant_picture("{variant}", "{layer}", "{index}"),
        record=paths.variant_record("{variant}", "{layer}", "{index}"),
    log:
        f"{paths.LOGS}/vary/{{variant}}/{{layer}}/{{index}}.log",
    params:
        task=lambda wildcards: plan.task(
            wildcards.layer, wildcards.index, wildcards.variant
        ),


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
        sheet=shown(paths.sheet("{layer}"), "layers/every", layer=numbered),
        top=shown(paths.top_grid("{layer}"), "layers/best", layer=numbered),
    log:
        f"{paths.LOGS}/stitch/{{layer}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/stitch/{{layer}}.tsv"
    # Above every filter's: Snakemake looks at all the inputs of all waiting jobs whenever a job
    # ends, and a grid that waited would have it look at hundreds.
    priority: len(plan.filters) + 1
    conda:
        "envs/filter-atlas.yaml"
    params:
        best=plan.config.grid.best,
        margin=plan.config.grid.margin,
        code=digests.of_code(["stitch.py", "picture.py", "record.py"]),
    script:
        "scripts/stitch.py"


rule overview:
    input:
        tops=[paths.top_grid(layer) for layer in plan.layer_names],
    output:
        overview=shown(paths.OVERVIEW, "network/overview"),
    log:
        f"{paths.LOGS}/overview.log",
    benchmark:
        f"{paths.BENCHMARKS}/overview.tsv"
    conda:
        "envs/filter-atlas.yaml"
    params:
        layers=[
            (layer.name, layer.paper_name, len(layer.filters)) for layer in plan.layers
        ],
        size=plan.recipe.size,
        best=plan.config.grid.overview,
        margin=plan.config.grid.margin,
        code=digests.of_code(["stitch.py", "picture.py", "record.py"]),
    script:
        "scripts/overview.py"


rule metrics:
    input:
        records=[paths.record(layer, index) for layer, index in plan.filters],
        varied=[paths.variant_record(*one) for one in plan.varied],
    output:
        table=shown(f"{paths.METRICS}/filters.csv", "measures/every_filter"),
        summary=shown(f"{paths.METRICS}/summary.md", "measures/by_layer"),
        activation=shown(f"{paths.METRICS}/activation.svg", "measures/activation"),
        loss=shown(f"{paths.METRICS}/loss.svg", "measures/loss"),
        noisiness=shown(f"{paths.METRICS}/noisiness.svg", "measures/noisiness"),
    log:
        f"{paths.LOGS}/metrics.log",
    benchmark:
        f"{paths.BENCHMARKS}/metrics.tsv"
    conda:
        "envs/filter-atlas.yaml"
    params:
        recipe=plan.config.recipe,
        variants=list(plan.variants),
        code=digests.of_code(["metrics.py", "plots.py", "record.py", "numerals.py"]),
    script:
        "scripts/metrics.py"


# All layers in one job: starting TensorFlow takes longer than a small layer.
rule twins:
    input:
        weights=ancient(paths.weights(plan.weights)),
        provenance=paths.provenance(plan.weights),
        pictures=[paths.picture(layer, index) for layer, index in plan.filters],
    output:
        tables=[paths.twins(layer, "csv") for layer in plan.layer_names],
        matrices=[paths.twins(layer, "npz") for layer in plan.layer_names],
        summaries=[paths.twins(layer, "json") for layer in plan.layer_names],
    log:
        f"{paths.LOGS}/twins.log",
    benchmark:
        f"{paths.BENCHMARKS}/twins.tsv"
    conda:
        "envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.devices[0],
        gres=plan.gres,
    params:
        filters=plan.filters,
        turn=plan.config.twins.turn,
        threshold=plan.config.twins.threshold,
        code=digests.of_code(COMPARING),
    script:
        "scripts/twins.py"


rule twins_summary:
    input:
        summaries=[paths.twins(layer, "json") for layer in plan.layer_names],
    output:
        summary=shown(f"{paths.TWINS}/summary.md", "twins/by_layer"),
        figure=shown(f"{paths.TWINS}/twins.svg", "twins/share"),
    log:
        f"{paths.LOGS}/twins_summary.log",
    benchmark:
        f"{paths.BENCHMARKS}/twins_summary.tsv"
    conda:
        "envs/filter-atlas.yaml"
    params:
        code=digests.of_code(["twins", "plots.py"]),
    script:
        "scripts/twins_summary.py"


rule dreams:
    input:
        plan.dream_results,


# Takes the whole machine, so that several dreams, and filters, do not get in each other's way.
rule dream:
    input:
        weights=ancient(paths.weights(plan.weights)),
        provenance=paths.provenance(plan.weights),
        photographs=lambda wildcards: [
            path for path, _ in plan.dream(wildcards.dream).photographs
        ],
    output:
        picture=dreamt,
        record=paths.dream("{dream}", "json"),
    log:
        f"{paths.LOGS}/dream/{{dream}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/dream/{{dream}}.tsv"
    wildcard_constraints:
        dream=one_of(plan.dreams),
    conda:
        "envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.devices[0],
        gres=plan.gres,
    params:
        settings=lambda wildcards: plan.dream(wildcards.dream).model_dump_json(),
        animation="",
        code=digests.of_code(DREAMING),
    shell:
        'python "$FILTER_ATLAS/scripts/dream.py" {params.settings:q}'
        " --device {resources.device} --weights {input.weights:q} --picture {output.picture:q}"
        " --record {output.record:q} {params.animation} 2> {log:q}"


use rule dream as flight_webp with:
    output:
        picture=dreamt,
        record=paths.dream("{dream}", "json"),
        animation=paths.dream("{dream}", "webp"),
    wildcard_constraints:
        dream=one_of(plan.flights("webp")),
    params:
        animation=lambda wildcards, output: f"--animation {output.animation}",


use rule dream as flight_gif with:
    output:
        picture=dreamt,
        record=paths.dream("{dream}", "json"),
        animation=paths.dream("{dream}", "gif"),
    wildcard_constraints:
        dream=one_of(plan.flights("gif")),
    params:
        animation=lambda wildcards, output: f"--animation {output.animation}",


# All classes in one job: a classifier can take long to load.
rule classes:
    output:
        pictures=[
            shown(paths.class_picture(index), "classes/picture", index=f"{index:03}")
            for index in plan.classes
        ],
        records=[paths.class_record(index) for index in plan.classes],
        summary=shown(f"{paths.CLASSES}/summary.md", "classes/summary"),
    log:
        f"{paths.LOGS}/classes.log",
    benchmark:
        f"{paths.BENCHMARKS}/classes.tsv"
    conda:
        "envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.devices[0],
        gres=plan.gres,
    params:
        classes=plan.config.classes and plan.config.classes.model_dump(mode="json"),
        network=lambda wildcards: plan.classifier,
        recipe=plan.config.class_recipe().model_dump(mode="json"),
        seed=plan.config.seed,
        code=digests.of_code(CLASSIFYING),
    script:
        "scripts/classes.py"


rule atlas:
    input:
        grids=[paths.grid(layer) for layer in plan.layer_names],
        tops=[paths.top_grid(layer) for layer in plan.layer_names],
        overview=paths.OVERVIEW,
        varied=[paths.variant_record(*one) for one in plan.varied],
        metrics=[
            f"{paths.METRICS}/{name}"
            for name in ("filters.csv", "activation.svg", "loss.svg", "noisiness.svg")
        ],
        twins=f"{paths.TWINS}/twins.svg",
        matrices=[paths.twins(layer, "npz") for layer in plan.layer_names],
        dreams=plan.dream_results,
        classes=plan.class_results,
        provenance=paths.provenance(plan.weights),
    output:
        index=paths.ATLAS_INDEX,
    log:
        f"{paths.LOGS}/atlas.log",
    benchmark:
        f"{paths.BENCHMARKS}/atlas.tsv"
    conda:
        "envs/filter-atlas.yaml"
    params:
        layers=[
            (layer.name, layer.paper_name, layer.total, layer.filters)
            for layer in plan.layers
        ],
        recipe_name=plan.config.recipe,
        recipe=plan.recipe.model_dump(mode="json"),
        seed=plan.config.seed,
        variants=list(plan.variants),
        dreams={name: dream.excited for name, dream in plan.config.dreams.items()},
        classes=list(plan.classes),
        site=plan.config.site.model_dump(),
        settings=plan.settings,
        code=digests.of_code(
            [
                "architecture.py",
                "atlas",
                "classes/judge.py",
                "classes/record.py",
                "dream/record.py",
                "metrics.py",
                "numerals.py",
                "paths.py",
                "record.py",
                "twins",
            ]
        ),
    script:
        "scripts/atlas.py"
