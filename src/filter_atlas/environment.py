"""What the jobs of a run find in their environment.

Settings of the workers, and where things lie on this machine, reach the jobs this way and not
as parameters: none of it changes a picture, so none of it may make one stale.
"""

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from filter_atlas import devices, files, paths
from filter_atlas.architecture import CONTEXT
from filter_atlas.errors import ConfigError, ResultsError
from filter_atlas.plan import Plan
from filter_atlas.worker import client, outlook
from filter_atlas.worker.outlook import Lacking
from filter_atlas.worker.task import Task

DRAWING = ("ascend", "vary")
"""The rules whose jobs are clients of a worker."""

ORIGINS = "FILTER_ATLAS_ORIGINS"
"""Environment variable with the origins of the weights, in order, as a JSON list.

The order is no parameter either: the same weights from elsewhere are the same weights.
"""

NETWORK = "FILTER_ATLAS_NETWORK"
"""Environment variable with the source of a network other than VGG16, as JSON."""

SETTLED = "FILTER_ATLAS_SETTLED"
"""Environment variable with what `auto` means in this run, as JSON.

A job on a node of a cluster plans anew: what it records must be what the run has planned.
"""


def settled(settings: dict[str, Any], workflow: Any) -> dict[str, Any]:
    """The settings, as the run that a job belongs to has understood them.

    Args:
        settings: raw settings, as in `config.yaml`.
        workflow: Snakemake's workflow.
    """
    if workflow.is_main_process:
        return settings
    understood: dict[str, Any] = json.loads(os.environ.get(SETTLED, "{}"))
    return settings | understood


def prepare(plan: Plan, workflow: str) -> None:
    """Set the environment that the jobs of this Snakemake inherit.

    Args:
        plan: the plan of the run.
        workflow: folder of the Snakefile.
    """
    os.environ["FILTER_ATLAS"] = workflow
    os.environ[ORIGINS] = json.dumps(plan.config.weights)
    if plan.source:
        os.environ[NETWORK] = plan.source.model_dump_json()
    else:
        os.environ.pop(NETWORK, None)
    os.environ[SETTLED] = json.dumps({"devices": plan.devices, "precision": plan.precision})
    os.environ[client.SETTINGS] = plan.config.worker.model_dump_json()
    os.environ[client.RUN] = str(os.getpid())
    # Logs of jobs are for what a user can mend; TensorFlow's own lines on processors are not.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    source = str(Path(__file__).parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    # Jobs say `python`: let it be the one that runs Snakemake, also when no venv is activated.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def look_ahead(plan: Plan, workflow: Any) -> None:
    """Leave word for the workers of all the filters that this run is about to draw.

    Not on a cluster: there every node's Snakemake has jobs of its own.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, about to run (`onstart`).
    """
    if not workflow.local_exec:
        return
    kinds: dict[tuple[str, str, str | None], list[int]] = {}
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in DRAWING]
    for job in sorted(jobs, key=lambda job: int(job.priority), reverse=True):
        layer, index = job.wildcards.layer, int(job.wildcards.index)
        kind = (plan.device(layer, index), layer, job.wildcards.get("variant"))
        kinds.setdefault(kind, []).append(index)
    context = {CONTEXT: plan.architecture}
    lacking: dict[str, list[Lacking]] = {}
    for (device, layer, variant), indices in kinds.items():
        task = Task.model_validate_json(plan.task(layer, indices[0], variant), context=context)
        lacking.setdefault(device, []).append(Lacking(task=task, filters=tuple(indices)))
    folder = Path(".snakemake", "filter_atlas").absolute()
    # Without it the workers only draw what they are asked for.
    with suppress(OSError):
        for device, groups in lacking.items():
            outlook.write(groups, folder / f"{device}.json")
        os.environ[client.AHEAD] = str(folder)


def warn_of_slow_numbers(plan: Plan, workflow: Any) -> None:
    """Say so where bfloat16 is asked for and a device would only imitate it.

    Not on a cluster: there other machines draw.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, about to run (`onstart`).
    """
    if not workflow.local_exec or plan.precision != "bfloat16":
        return
    for device in dict.fromkeys(plan.devices):
        if not devices.computes_bfloat16(device):
            print(
                f"Warning: precision: bfloat16: {device} has no instructions for it, so float32 "
                "would be faster; say `precision: float32`",
                file=sys.stderr,
            )


def check_cluster(plan: Plan, workflow: Any) -> None:
    """Refuse devices that the jobs of a cluster would not find.

    Args:
        plan: the plan of the run.
        workflow: Snakemake's workflow, about to run (`onstart`).

    Raises:
        ConfigError: there are several, or one that is not the first of its job's.
    """
    if not workflow.local_exec and set(plan.devices) not in ({"cpu"}, {"gpu:0"}):
        raise ConfigError(
            f"devices: {', '.join(plan.devices)}: a job of a cluster draws on one device, the "
            "first that it is given; say `devices: [gpu:0]` or `devices: [cpu]`"
        )


def check_folder() -> None:
    """Refuse to run where Snakemake cannot even make a folder of its own.

    Raises:
        ResultsError: this is such a place.
    """
    kept = next(filter(os.path.isdir, (".snakemake/locks", ".snakemake", ".")))
    if kept != ".snakemake/locks":
        _check_writable(os.path.abspath(kept))


def prepare_results() -> None:
    """Put the results of earlier runs in order, before any work is done.

    What killed writers left is taken away. A file from the future, made before the clock was set
    back, becomes one of now: Snakemake would take nothing that is made from it.

    Raises:
        ResultsError: there is a folder of results that cannot be written to.
    """
    now = time.time()
    for folder, _, names in os.walk(paths.ROOT):
        _check_writable(folder)
        for name in names:
            file = Path(folder, name)
            with suppress(FileNotFoundError):
                if files.is_left_behind(name):
                    file.unlink()
                elif file.stat().st_mtime > now:
                    os.utime(file, (now, now))


def _check_writable(folder: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ResultsError(
            f"{folder}: cannot be written to; mend its permissions, or run in a folder of your own "
            "(--directory)"
        )


def lift_default_rate_limit(workflow: Any) -> None:
    """Take away Snakemake's default limit of 100 job starts a second; keep one that is asked for.

    Under any limit Snakemake (9.27) looks for jobs once more a second after every look, and each
    of these looks has a successor of its own: after a thousand jobs it looks a thousand times a
    second, which takes a whole core. There is no option to have no limit. On a cluster, where a
    limit spares the queue, it stays.

    Args:
        workflow: Snakemake's workflow, about to run (`onstart`).
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if workflow.local_exec and limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
