# The weights of the network, in one canonical file.


rule weights:
    output:
        weights=paths.weights(plan.network),
        provenance=paths.provenance(plan.network),
    log:
        f"{paths.LOGS}/weights.log",
    benchmark:
        f"{paths.BENCHMARKS}/weights.tsv"
    conda:
        "../envs/filter-atlas.yaml"
    params:
        code=code_of("weights.py"),
    shell:
        'python "$FILTER_ATLAS/scripts/weights.py" "$FILTER_ATLAS_NETWORK" "$FILTER_ATLAS_ORIGINS"'
        " {output.weights:q} {output.provenance:q} 2> {log:q}"
