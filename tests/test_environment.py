"""What the Snakefile sets before any job runs."""

from types import SimpleNamespace

import pytest
from snakemake.settings.types import MaxJobsPerTimespan, SchedulingSettings

from filter_atlas import environment


def workflow_with(limit: str, local: bool = True) -> SimpleNamespace:
    settings = SchedulingSettings(max_jobs_per_timespan=MaxJobsPerTimespan.parse_choice(limit))
    scheduler = SimpleNamespace(job_rate_limiter="a limiter")
    return SimpleNamespace(scheduling_settings=settings, local_exec=local, scheduler=scheduler)


def test_snakemakes_default_rate_limit_is_lifted_on_this_machine() -> None:
    workflow = workflow_with("100/1s")

    environment.lift_default_rate_limit(workflow)

    assert workflow.scheduler.job_rate_limiter is None


@pytest.mark.parametrize(("limit", "local"), [("10/1s", True), ("100/1m", True), ("100/1s", False)])
def test_a_rate_limit_that_is_asked_for_or_spares_a_cluster_is_kept(
    limit: str, local: bool
) -> None:
    workflow = workflow_with(limit, local)

    environment.lift_default_rate_limit(workflow)

    assert workflow.scheduler.job_rate_limiter == "a limiter"
