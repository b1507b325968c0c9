# Filter Atlas: from the weights of a network to an atlas of all its filters.
#
# This file is the table of contents. The rules are in rules/: one file for each stage, and one for
# each family of results. The plan gives them everything that differs from job to job.

import sys

from snakemake.utils import min_version

from filter_atlas.base import paths
from filter_atlas.base.errors import FilterAtlasError
from filter_atlas.worker import endpoint
from filter_atlas.workflow import (
    job_environment,
    retries,
    settings_file,
    stale_locks,
    work,
)
from filter_atlas.workflow.families import FAMILIES

min_version("9.17")


report: "report/workflow.rst"


try:
    has_settings = settings_file.check("config.yaml")
    for given in workflow.overwrite_configfiles:
        settings_file.check(given)
except FilterAtlasError as error:
    sys.exit(f"Error: {error}")

if has_settings:

    configfile: "config.yaml"


try:
    job_environment.check_folder(workflow.basedir)
    plan = job_environment.plan_of_workflow(config, workflow)
except FilterAtlasError as error:
    sys.exit(f"Error: {error}")

job_environment.prepare(plan, workflow.basedir)

if workflow.is_main_process:
    stale_locks.register_run()


include: "rules/common.smk"
include: "rules/weights.smk"
include: "rules/draw.smk"
include: "rules/sheets.smk"
include: "rules/measures.smk"


for family in FAMILIES:

    include: f"rules/{family.name}.smk"


include: "rules/site.smk"


onstart:
    job_environment.lift_default_rate_limit(workflow)
    retries.give_up_permanent_errors(workflow)
    try:
        job_environment.check_cluster(plan, workflow)
        job_environment.prepare_results()
    except FilterAtlasError as error:
        sys.exit(f"Error: {error}")
    job_environment.warn_if_bfloat16_is_slow(plan, workflow)
    job_environment.write_pending_filters(plan, workflow)
    work.expect_work(plan, workflow)


# A killed worker leaves its socket behind.
onsuccess:
    endpoint.remove_stale()


onerror:
    endpoint.remove_stale()


# Pictures and records are targets too, so that a deleted one is drawn again.
rule all:
    default_target: True
    input:
        paths.ATLAS_INDEX,
        [paths.picture(layer, index) for layer, index in plan.filters],
        [paths.record(layer, index) for layer, index in plan.filters],
        [paths.picture(*drawn) for drawn in plan.varied],
        [paths.record(*drawn) for drawn in plan.varied],
        [paths.sheet(layer) for layer in plan.layer_names],
        f"{paths.METRICS}/filters.csv",
        [family.results(plan.config) for family in FAMILIES],
