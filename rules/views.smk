# Views: how the network sees photographs. The target `views` makes only these.

from filter_atlas.views import family as view_results

view_facts = plan.facts.families[view_results.NAME]


rule views:
    input:
        view_results.VIEWS.results(plan.config),


# One pass of the network. It needs no picture of a filter, so it can run before they are drawn.
rule view:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        # The usual strength of filters; without photographs it is not known.
        usual=[evidence_results.FILTERS] if plan.config.photos else [],
    output:
        record=view_results.path("{view}", "json"),
        photograph=view_results.path("{view}", "webp"),
    log:
        f"{paths.LOGS}/view/{{view}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/view/{{view}}.tsv"
    wildcard_constraints:
        view=one_of(view_results.names(plan.config)),
    conda:
        "../envs/filter-atlas.yaml"
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        filters={layer.name: layer.filters for layer in plan.layers},
        size=plan.config.photos and plan.config.photos.size,
        groups=dict.fromkeys(
            view_results.grouped_layers(plan.config),
            plan.config.views and plan.config.views.groups,
        ),
        # By its content: its path and its time change if it is moved or copied.
        photograph=lambda wildcards: view_facts[wildcards.view]["digest"],
        code=code_of("view.py"),
    script:
        "../scripts/view.py"


# The grids stand for the pictures of filters: thousands of inputs would slow Snakemake down.
rule mosaics:
    input:
        record=view_results.path("{view}", "json"),
        grids=[paths.grid(layer) for layer in plan.layer_names],
    output:
        mosaics=[view_results.mosaic("{view}", layer) for layer in plan.layer_names],
    log:
        f"{paths.LOGS}/mosaics/{{view}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/mosaics/{{view}}.tsv"
    wildcard_constraints:
        view=one_of(view_results.names(plan.config)),
    conda:
        "../envs/filter-atlas.yaml"
    params:
        layers=plan.layer_names,
        code=code_of("mosaics.py"),
    script:
        "../scripts/mosaics.py"


rule draw_groups:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        record=view_results.path("{view}", "json"),
        photograph=view_results.path("{view}", "webp"),
    output:
        drawn=[
            view_results.groups("{view}", layer, "drawn")
            for layer in view_results.grouped_layers(plan.config)
        ],
        places=[
            view_results.groups("{view}", layer, "places")
            for layer in view_results.grouped_layers(plan.config)
        ],
    log:
        f"{paths.LOGS}/draw_groups/{{view}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/draw_groups/{{view}}.tsv"
    wildcard_constraints:
        view=one_of(view_results.names(plan.config)),
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        layers=view_results.grouped_layers(plan.config),
        recipe=as_is(plan.recipe.model_dump_json()),
        seed=plan.config.seed,
        code=code_of("draw_groups.py"),
    script:
        "../scripts/draw_groups.py"


# Only for networks that may end in classes; the job finds out whether they do.
rule attribute:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        record=view_results.path("{view}", "json"),
    output:
        view_results.attribution("{view}"),
    log:
        f"{paths.LOGS}/attribute/{{view}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/attribute/{{view}}.tsv"
    wildcard_constraints:
        view=one_of(view_results.names(plan.config)),
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        filters={layer.name: layer.filters for layer in plan.layers},
        names=view_results.class_names(plan.config),
        code=code_of("attribute.py"),
    script:
        "../scripts/attribute.py"
