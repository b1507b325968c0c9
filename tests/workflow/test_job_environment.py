"""The environment of the jobs, and what a run checks and cleans up before its first job."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.settings.types import MaxJobsPerTimespan, SchedulingSettings

from filter_atlas.base import devices
from filter_atlas.base.errors import ConfigError, ResultsError
from filter_atlas.base.precision import Precision
from filter_atlas.settings.family import FACTS
from filter_atlas.settings.network_source import PLANNED
from filter_atlas.worker import client
from filter_atlas.workflow import job_environment
from plans import plan_of
from side_effects import forbid_side_effects


def workflow_with(limit: str, local: bool = True) -> SimpleNamespace:
    settings = SchedulingSettings(max_jobs_per_timespan=MaxJobsPerTimespan.parse_choice(limit))
    scheduler = SimpleNamespace(job_rate_limiter="a limiter")
    return SimpleNamespace(scheduling_settings=settings, local_exec=local, scheduler=scheduler)


def test_snakemakes_default_rate_limit_is_lifted_on_this_machine() -> None:
    workflow = workflow_with("100/1s")

    job_environment.lift_default_rate_limit(workflow)

    assert workflow.scheduler.job_rate_limiter is None


@pytest.mark.parametrize(("limit", "local"), [("10/1s", True), ("100/1m", True), ("100/1s", False)])
def test_a_rate_limit_that_is_set_or_protects_a_cluster_is_kept(limit: str, local: bool) -> None:
    workflow = workflow_with(limit, local)

    job_environment.lift_default_rate_limit(workflow)

    assert workflow.scheduler.job_rate_limiter == "a limiter"


@pytest.mark.parametrize(
    ("precision", "native", "local", "warned"),
    [
        ("bfloat16", False, True, True),
        ("bfloat16", True, True, False),
        ("bfloat16", False, False, False),
        ("float32", False, True, False),
    ],
)
def test_bfloat16_on_a_device_that_only_emulates_it_gives_a_warning(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    precision: Precision,
    native: bool,
    local: bool,
    warned: bool,
) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: native)
    plan = plan_of(devices=["cpu", "cpu"], precision=precision)

    job_environment.warn_if_bfloat16_is_slow(plan, SimpleNamespace(local_exec=local))

    output = capsys.readouterr().err
    assert output.count("\n") == warned
    assert output.startswith("Warning: precision: bfloat16: cpu has no instructions") == warned


@pytest.mark.parametrize(
    ("chosen", "gres"),
    [
        (["cpu"], ""),
        (["gpu:0"], "gpu:1"),
        (["gpu:0", "gpu:0"], "gpu:1"),
        (["cpu", "gpu:1"], "gpu:1"),
    ],
)
def test_jobs_request_the_gpus_of_the_run_from_slurm(chosen: list[str], gres: str) -> None:
    assert plan_of(devices=chosen).gres == gres


@pytest.mark.parametrize("chosen", [["gpu:0", "gpu:1"], ["cpu", "gpu:0"], ["gpu:1"]])
def test_a_job_of_a_cluster_has_one_device_only(chosen: list[str]) -> None:
    plan = plan_of(devices=chosen)

    job_environment.check_cluster(plan, SimpleNamespace(local_exec=True))
    with pytest.raises(ConfigError, match=r"^devices: .*; set `devices: \[gpu:0\]` or `devices"):
        job_environment.check_cluster(plan, SimpleNamespace(local_exec=False))


@pytest.mark.parametrize("chosen", [["cpu"], ["gpu:0"], ["gpu:0", "gpu:0"]])
def test_one_device_is_right_for_a_cluster(chosen: list[str]) -> None:
    job_environment.check_cluster(plan_of(devices=chosen), SimpleNamespace(local_exec=False))


def test_a_job_of_a_cluster_takes_the_facts_of_its_run_and_looks_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    Path("mine.h5").write_bytes(b"mine")
    settings = {"devices": "auto", "precision": "auto", "weights": "mine.h5"}
    in_run = SimpleNamespace(is_main_process=True)
    in_job = SimpleNamespace(is_main_process=False)
    monkeypatch.setattr(devices, "resolve", lambda chosen: ("cpu",))
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: True)
    plan = job_environment.plan_of_workflow(settings, in_run)
    job_environment.prepare(plan, "here")

    monkeypatch.setattr(devices, "resolve", lambda chosen: ("gpu:0",))
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: False)
    Path("mine.h5").unlink()
    facts = {"facts.json": Path(os.environ[FACTS]).read_bytes()}
    with monkeypatch.context() as inside:
        forbid_side_effects(inside)
        inside.setattr(Path, "read_bytes", lambda path: facts[path.name])
        plan_in_job = job_environment.plan_of_workflow(settings, in_job)

    assert plan_in_job == plan
    assert (plan.facts.devices, plan.facts.precision) == (("cpu",), "bfloat16")
    assert plan_in_job.task("block1_conv1", 0) == plan.task("block1_conv1", 0)
    Path("mine.h5").write_bytes(b"mine")
    assert job_environment.plan_of_workflow(settings, in_run).facts.devices == ("gpu:0",)


def test_jobs_find_workers_scripts_and_sources_in_their_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {"PATH": "/bin"})
    plan = plan_of(weights=["mine.h5", "keras"], worker={"batch": 3})

    job_environment.prepare(plan, "/repository")

    environment = os.environ
    assert environment["FILTER_ATLAS"] == "/repository"
    assert json.loads(environment[job_environment.ORIGINS]) == ["mine.h5", "keras"]
    assert json.loads(environment[PLANNED])["name"] == "vgg16"
    assert json.loads(environment[client.SETTINGS])["batch"] == 3
    assert environment[client.RUN] == str(os.getpid())
    assert (Path(environment["PYTHONPATH"]) / "filter_atlas").is_dir()
    assert environment["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/bin"]


def forbid(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Let the system say that a folder is not writable, even to root."""
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: access(path, mode) and os.fspath(path) != folder
    )


def test_a_folder_of_results_that_cannot_be_written_to_is_named_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job_environment.prepare_results()  # none yet
    Path("results/filters/block1_conv1").mkdir(parents=True)
    job_environment.prepare_results()

    forbid(monkeypatch, "results/filters/block1_conv1")

    with pytest.raises(ResultsError, match=r"^results/filters/block1_conv1: cannot be written to"):
        job_environment.prepare_results()


@pytest.mark.parametrize("kept", ["", ".snakemake"])
def test_a_folder_in_which_snakemake_cannot_keep_anything_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / kept
    folder.mkdir(exist_ok=True)
    job_environment.check_folder("/atlas")

    forbid(monkeypatch, str(folder))

    with pytest.raises(ResultsError, match=f"^{folder}: cannot be written to; fix its permissio"):
        job_environment.check_folder("/atlas")
    (folder / ("locks" if kept else ".snakemake/locks")).mkdir(parents=True)
    job_environment.check_folder("/atlas")  # as for a report of results in an archive


def test_braces_in_the_name_of_the_repositorys_folder_are_refused() -> None:
    with pytest.raises(ResultsError, match=r"^/at\{y\}las: braces .*; rename it$"):
        job_environment.check_folder("/at{y}las")


def test_partial_files_of_killed_writers_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dead = subprocess.Popen(["true"])
    dead.wait()
    folder = Path("results/filters/block1_conv1")
    folder.mkdir(parents=True)
    kept = {"7.png", f"8.png.{os.getpid()}.part"}
    for name in (*kept, f"7.json.{dead.pid}.part"):
        (folder / name).touch()

    job_environment.prepare_results()

    assert set(os.listdir(folder)) == kept


def test_results_from_the_future_get_the_present_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = time.time()
    Path("results").mkdir()
    future, past = Path("results/future.png"), Path("results/past.png")
    for file, seconds in ((future, 86_400), (past, -86_400)):
        file.touch()
        os.utime(file, (before + seconds, before + seconds))

    job_environment.prepare_results()

    assert before <= future.stat().st_mtime <= time.time()
    assert past.stat().st_mtime == pytest.approx(before - 86_400, abs=1)
