# Evidence: the photographs that fire each filter. The target `evidence` makes only these.

from filter_atlas.base.digests import value_digest
from filter_atlas.evidence import family as evidence_results

evidence_facts = plan.facts.families[evidence_results.NAME]
evidence_chunks = evidence_results.chunks_of_run(plan.config, evidence_facts)


rule evidence:
    input:
        evidence_results.EVIDENCE.results(plan.config),


# One job observes a chunk of photographs with the whole machine; on a cluster, chunks go to nodes.
rule observe:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
    output:
        record=evidence_results.observations("{chunk}", "json"),
        rows=evidence_results.observations("{chunk}", "npy"),
        counts=evidence_results.observations("{chunk}", "cells.npy"),
    log:
        f"{paths.LOGS}/observe/{{chunk}}.log",
    benchmark:
        f"{paths.BENCHMARKS}/observe/{{chunk}}.tsv"
    wildcard_constraints:
        chunk=one_of(evidence_chunks),
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        layers=plan.layer_names,
        size=plan.config.photos and plan.config.photos.size,
        # By their content: paths and times change if the folder is moved or copied.
        photographs=lambda wildcards: value_digest(evidence_chunks[wildcards.chunk]),
        code=code_of("observe.py"),
    script:
        "../scripts/observe.py"


rule exemplars:
    input:
        records=[
            evidence_results.observations(chunk, "json") for chunk in evidence_chunks
        ],
        rows=[evidence_results.observations(chunk, "npy") for chunk in evidence_chunks],
        counts=[
            evidence_results.observations(chunk, "cells.npy")
            for chunk in evidence_chunks
        ],
        measures=[paths.measures(layer) for layer in plan.layer_names],
    output:
        layers=[evidence_results.path(layer) for layer in plan.layer_names],
        filters=evidence_results.FILTERS,
        photographs=evidence_results.PHOTOGRAPHS,
        copies=directory(evidence_results.COPIES),
        strongest=evidence_results.STRONGEST,
    log:
        f"{paths.LOGS}/exemplars.log",
    benchmark:
        f"{paths.BENCHMARKS}/exemplars.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        filters={layer.name: layer.filters for layer in plan.layers},
        # Names are shown, and a new name is no new content.
        names=evidence_results.names_digest(evidence_facts),
        observing_code=code_of("observe.py"),
        code=code_of("exemplars.py"),
    script:
        "../scripts/exemplars.py"


# A second pass, of only those photographs that are shown beside a filter.
rule heat:
    input:
        weights=ancient(paths.weights(plan.network)),
        provenance=paths.provenance(plan.network),
        layers=[evidence_results.path(layer) for layer in plan.layer_names],
    output:
        heat=[evidence_results.heat(layer) for layer in plan.layer_names],
        paths=[evidence_results.activation_paths(layer) for layer in plan.layer_names],
    log:
        f"{paths.LOGS}/heat.log",
    benchmark:
        f"{paths.BENCHMARKS}/heat.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    threads: whole_machine
    resources:
        device=plan.facts.devices[0],
        gres=plan.gres,
    params:
        code=code_of("heat.py"),
    script:
        "../scripts/heat.py"
