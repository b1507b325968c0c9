"""The environment of a run's jobs, and the checks of a run before its first job.

Settings of the workers, and paths on this machine, reach the jobs as environment variables and not
as parameters: they change no picture, so they must not make a picture stale.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filter_atlas.base import atomic_files, child_process, devices, paths
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.base.errors import WARNING, ConfigError, ResultsError
from filter_atlas.settings.family import FACTS
from filter_atlas.settings.network_source import PLANNED
from filter_atlas.worker import client, prefetch
from filter_atlas.worker.prefetch import PendingFilters
from filter_atlas.worker.task import DrawTask
from filter_atlas.workflow.plan import Plan, PreflightFacts
from filter_atlas.workflow.preflight import plan_again, plan_run

DRAWING_RULES = ("draw_filter", "draw_variant")
"""The rules that draw filters."""

_FOLDER = Path(".snakemake", "filter_atlas")
"""Folder of the files that a run writes for its jobs and workers."""

ORIGINS = "FILTER_ATLAS_ORIGINS"
"""Environment variable with the origins of the weights, in order, as a JSON list.

It is not a parameter, because the same weights from another origin are the same weights.
"""


def plan_of_workflow(settings: Mapping[str, Any], workflow: Any) -> Plan:
    """The plan of this run; in a job on a cluster, the plan of the run that the job belongs to.

    The facts of a new plan are written for the jobs.

    Args:
        settings: raw settings, as in `config.yaml`.
        workflow: Snakemake's workflow.

    Raises:
        FilterAtlasError: see `preflight.plan_run`.
    """
    facts = os.environ.get(FACTS)
    if workflow.is_main_process or not facts:
        plan = plan_run(settings)
        _write_facts(plan.facts)
        return plan
    return plan_again(settings, PreflightFacts.model_validate_json(Path(facts).read_bytes()))


def _write_facts(facts: PreflightFacts) -> None:
    # In a file, because a family may have more facts than an environment variable can hold.
    path = _FOLDER.absolute() / "facts.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_files.write_atomically(path, facts.model_dump_json().encode(), durably=False)
    os.environ[FACTS] = str(path)


def prepare(plan: Plan, workflow: str) -> None:
    """Set the environment that the jobs of this Snakemake inherit.

    Args:
        plan: the plan of the run.
        workflow: folder of the Snakefile.
    """
    os.environ["FILTER_ATLAS"] = workflow
    os.environ[ORIGINS] = json.dumps(plan.config.weights)
    os.environ.update(worker_environment(plan))
    # Keep TensorFlow's remarks about the processor out of the logs: no user can act on them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    child_process.isolate(os.environ)
    # Jobs call `python`: it must be the one that runs Snakemake, even if no venv is active.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def worker_environment(plan: Plan) -> dict[str, str]:
    """The environment variables from which clients and workers know the plan, and this process."""
    return {
        PLANNED: plan.facts.source.model_dump_json(),
        client.SETTINGS: plan.config.worker.model_dump_json(),
        client.CODE: plan.facts.worker_code,
        client.RUN: str(os.getpid()),
    }


def write_pending_filters(plan: Plan, workflow: Any) -> None:
    """Write all filters that this run will draw, so that workers can draw them before requests.

    On a cluster nothing is written, because the Snakemake of each node has its own jobs.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, before its first job (`onstart`).
    """
    if not workflow.local_exec:
        return
    groups: dict[tuple[str, str, str | None], list[int]] = {}
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in DRAWING_RULES]
    for job in sorted(jobs, key=lambda job: int(job.priority), reverse=True):
        layer, index = job.wildcards.layer, int(job.wildcards.index)
        group = (plan.device(layer, index), layer, job.wildcards.get("variant"))
        groups.setdefault(group, []).append(index)
    context = {CONTEXT: plan.facts.architecture}
    pending: dict[str, list[PendingFilters]] = {}
    for (device, layer, variant), indices in groups.items():
        task = DrawTask.model_validate_json(plan.task(layer, indices[0], variant), context=context)
        pending.setdefault(device, []).append(PendingFilters(task=task, filters=tuple(indices)))
    folder = _FOLDER.absolute()
    # Without these files the workers draw only what clients request.
    with suppress(OSError):
        for device, filters in pending.items():
            prefetch.write_pending(filters, folder / f"{device}.json")
            os.environ[client.PENDING] = str(folder)


def warn_if_bfloat16_is_slow(plan: Plan, workflow: Any) -> None:
    """Warn if the run uses bfloat16 and a device can only emulate it.

    On a cluster there is no warning, because other machines draw.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, before its first job (`onstart`).
    """
    if not workflow.local_exec or plan.facts.precision != "bfloat16":
        return
    for device in dict.fromkeys(plan.facts.devices):
        if not devices.computes_bfloat16(device):
            print(
                f"{WARNING}precision: bfloat16: {device} has no instructions for it, so float32 "
                "is faster; set `precision: float32`",
                file=sys.stderr,
            )


def check_cluster(plan: Plan, workflow: Any) -> None:
    """Reject devices that the jobs of a cluster do not have.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, before its first job (`onstart`).

    Raises:
        ConfigError: there are several devices, or one that is not the first GPU of a job.
    """
    if not workflow.local_exec and set(plan.facts.devices) not in ({"cpu"}, {"gpu:0"}):
        raise ConfigError(
            f"devices: {', '.join(plan.facts.devices)}: a job of a cluster draws on one device, "
            "the first that it has; set `devices: [gpu:0]` or `devices: [cpu]`"
        )


def check_folder(workflow: str) -> None:
    """Refuse to run in a folder where Snakemake cannot make its own folder.

    Args:
        workflow: folder of the Snakefile.

    Raises:
        ResultsError: the folder is not writable, or the path of the Snakefile has braces.
    """
    if {"{", "}"} & set(workflow):
        raise ResultsError(
            f"{workflow}: braces in a folder's name mean something else to Snakemake; rename it"
        )
    existing = next(filter(os.path.isdir, (".snakemake/locks", ".snakemake", ".")))
    if existing != ".snakemake/locks":
        _check_writable(os.path.abspath(existing))


def prepare_results() -> None:
    """Clean up the results of earlier runs before any job runs.

    Partial files of killed writers are deleted. A file from the future, written before the clock
    was set back, gets the present time: Snakemake would reject every file that is made from it.

    Raises:
        ResultsError: a folder of results is not writable.
    """
    now = time.time()
    for folder, _, names in os.walk(paths.ROOT):
        _check_writable(folder)
        for name in names:
            file = Path(folder, name)
            with suppress(FileNotFoundError):
                if atomic_files.is_left_behind(name):
                    file.unlink()
                elif file.stat().st_mtime > now:
                    os.utime(file, (now, now))


def _check_writable(folder: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ResultsError(
            f"{folder}: cannot be written to; fix its permissions, or run in a folder of your own "
            "(--directory)"
        )


def lift_default_rate_limit(workflow: Any) -> None:
    """Remove Snakemake's default limit of 100 job starts per second; keep any other limit.

    With a limit, Snakemake (9.27) schedules another search for jobs one second after every search.
    After a thousand jobs it searches a thousand times per second, which takes a whole core. There
    is no option for no limit. On a cluster the limit protects the queue, so it stays.

    Args:
        workflow: Snakemake's workflow, before its first job (`onstart`).
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if workflow.local_exec and limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
