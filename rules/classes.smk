# Pictures that a classifier assigns to its classes. The target `classes` makes only these.

from filter_atlas.class_pictures import family as class_results


# All classes in one job: loading a classifier can take long.
rule classes:
    output:
        pictures=[
            in_report(
                class_results.picture(index), "classes/picture", index=f"{index:03}"
            )
            for index in class_results.indices(plan.config)
        ],
        records=[
            class_results.record(index) for index in class_results.indices(plan.config)
        ],
        summary=in_report(class_results.SUMMARY, "classes/summary"),
    log:
        f"{paths.LOGS}/classes.log",
    benchmark:
        f"{paths.BENCHMARKS}/classes.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        classes=plan.config.classes and plan.config.classes.model_dump(mode="json"),
        network=plan.facts.families["classes"]["classifier"],
        recipe=plan.config.class_recipe().model_dump(mode="json"),
        seed=plan.config.seed,
        code=code_of("classes.py"),
    script:
        "../scripts/classes.py"
