"""How much work each job of a run is, so that the line of progress can tell the time left."""

from collections.abc import Iterable
from typing import Any

from filter_atlas.networks import arithmetic
from filter_atlas.workflow.families import FAMILIES
from filter_atlas.workflow.job_environment import DRAWING_RULES
from filter_atlas.workflow.plan import Plan

MEASURING_RULES = ("measure", "measure_variant")

CLIENT = 1e10
"""The work of a job of a warm worker in addition to its arithmetic, as floating-point operations:
about a tenth of a second on two cores. It counts in shallow layers only."""

SCRIPT = 1e11
"""The same of a job that is a Python process of its own."""

_OF_FAMILIES = {
    rule: (family.name, count) for family in FAMILIES for rule, count in family.arithmetic.items()
}


def expect_work(plan: Plan, workflow: Any) -> None:
    """Tell the line of progress how much work each job of a run is.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, before its first job (`onstart`).
    """
    work = job_work(plan, workflow.dag.needrun_jobs())
    for handler in workflow.logger_manager.get_log_handlers():
        if hasattr(handler, "expect"):
            handler.expect(work)


def job_work(plan: Plan, jobs: Iterable[Any]) -> dict[int, float]:
    """The work of jobs, as floating-point operations, by the ids of the jobs.

    Args:
        plan: the plan of the run.
        jobs: Snakemake's jobs.
    """
    return {job.jobid: _work(plan, job.rule.name, job.wildcards) for job in jobs}


def _work(plan: Plan, rule: str, wildcards: Any) -> float:
    architecture = plan.facts.architecture
    if rule in _OF_FAMILIES:
        family, count = _OF_FAMILIES[rule]
        return SCRIPT + count(plan.config, plan.facts.families[family], architecture, wildcards)
    if rule not in (*DRAWING_RULES, *MEASURING_RULES):
        return SCRIPT
    variant = wildcards.get("variant")
    recipe = plan.config.recipe_of(variant) if variant else plan.recipe
    layer = arithmetic.vgg16_layer(architecture, wildcards.layer)
    if rule in DRAWING_RULES:
        return CLIENT + arithmetic.ascent(layer, recipe)
    return CLIENT + len(plan.layer(wildcards.layer).filters) * arithmetic.measures(layer, recipe)
