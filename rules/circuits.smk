# Circuits: how filters are built from each other. The target `circuits` makes only these.

from filter_atlas.circuits import family as circuit_results
from filter_atlas.twins import family as twins


rule circuits:
    input:
        circuit_results.CIRCUITS.results(plan.config),


# All layers in one job: a photograph passes through the network once for all of them.
rule wire:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        contributions=[paths.contributions(layer) for layer in plan.layer_names],
        twins=[twins.path(layer, "json") for layer in plan.layer_names],
        evidence=[
            evidence_results.path(layer)
            for layer in plan.layer_names
            if plan.config.photos
        ],
    output:
        layers=[circuit_results.path(layer, "json") for layer in plan.layer_names],
        tables=[circuit_results.path(layer, "csv") for layer in plan.layer_names],
        filters=circuit_results.FILTERS,
        summary=in_report(circuit_results.SUMMARY, "circuits/by_layer"),
    log:
        f"{paths.LOGS}/wire.log",
    benchmark:
        f"{paths.BENCHMARKS}/wire.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        layers=plan.layer_names,
        code=code_of("wire.py"),
    script:
        "../scripts/wire.py"
