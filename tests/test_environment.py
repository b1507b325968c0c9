"""What the Snakefile sets before any job runs."""

from types import SimpleNamespace

import pytest
from snakemake.settings.types import MaxJobsPerTimespan, SchedulingSettings

from filter_atlas import environment


def workflow_with(limit: str) -> SimpleNamespace:
    settings = SchedulingSettings(max_jobs_per_timespan=MaxJobsPerTimespan.parse_choice(limit))
    return SimpleNamespace(scheduling_settings=settings)


def test_snakemakes_default_rate_limit_is_lifted() -> None:
    workflow = workflow_with("100/1s")

    environment.lift_default_rate_limit(workflow)

    assert workflow.scheduling_settings.max_jobs_per_timespan is None


@pytest.mark.parametrize("limit", ["10/1s", "100/1m"])
def test_a_rate_limit_that_the_user_asks_for_is_kept(limit: str) -> None:
    workflow = workflow_with(limit)

    environment.lift_default_rate_limit(workflow)

    assert workflow.scheduling_settings.max_jobs_per_timespan is not None


def test_a_workflow_that_is_only_linted_has_no_limit_to_lift() -> None:
    environment.lift_default_rate_limit(SimpleNamespace(scheduling_settings=None))
