"""What the Snakefile sets before any job runs."""

import os
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.settings.types import MaxJobsPerTimespan, SchedulingSettings

from filter_atlas import config, devices, environment
from filter_atlas.errors import ConfigError, ResultsError
from filter_atlas.plan import Plan


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


@pytest.mark.parametrize(
    ("precision", "native", "local", "warned"),
    [
        ("bfloat16", False, True, True),
        ("bfloat16", True, True, False),
        ("bfloat16", False, False, False),
        ("float32", False, True, False),
    ],
)
def test_bfloat16_on_a_device_that_would_imitate_it_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    precision: str,
    native: bool,
    local: bool,
    warned: bool,
) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: native)
    plan = Plan.of(config.read({"precision": precision, "devices": ["cpu", "cpu"]}))

    environment.warn_of_slow_numbers(plan, SimpleNamespace(local_exec=local))

    told = capsys.readouterr().err
    assert told.count("\n") == warned
    assert told.startswith("Warning: precision: bfloat16: cpu has no instructions for it") == warned


@pytest.mark.parametrize(
    ("asked", "gres"),
    [
        (["cpu"], ""),
        (["gpu:0"], "gpu:1"),
        (["gpu:0", "gpu:0"], "gpu:1"),
        (["cpu", "gpu:1"], "gpu:1"),
    ],
)
def test_slurm_is_asked_for_the_gpus_that_are_drawn_on(asked: list[str], gres: str) -> None:
    assert Plan.of(config.read({"devices": asked})).gres == gres


@pytest.mark.parametrize("asked", [["gpu:0", "gpu:1"], ["cpu", "gpu:0"], ["gpu:1"]])
def test_a_job_of_a_cluster_has_one_device_only(asked: list[str]) -> None:
    plan = Plan.of(config.read({"devices": asked}))

    environment.check_cluster(plan, SimpleNamespace(local_exec=True))
    with pytest.raises(ConfigError, match=r"^devices: .*; say `devices: \[gpu:0\]` or `devices"):
        environment.check_cluster(plan, SimpleNamespace(local_exec=False))


@pytest.mark.parametrize("asked", [["cpu"], ["gpu:0"], ["gpu:0", "gpu:0"]])
def test_one_device_is_right_for_a_cluster(asked: list[str]) -> None:
    plan = Plan.of(config.read({"devices": asked}))

    environment.check_cluster(plan, SimpleNamespace(local_exec=False))


def test_auto_means_to_a_job_on_any_machine_what_it_means_to_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    raw = {"devices": "auto", "precision": "auto"}
    here, job = SimpleNamespace(is_main_process=True), SimpleNamespace(is_main_process=False)
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: True)
    plan = Plan.of(config.read(environment.settled(raw, here)))
    environment.prepare(plan, "here")

    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: False)
    monkeypatch.setattr(
        devices, "resolve", lambda asked: asked if asked != ("auto",) else ("gpu:0",)
    )
    there = Plan.of(config.read(environment.settled(raw, job)))

    assert there.devices == plan.devices == ("cpu",)
    assert there.precision == plan.precision == "bfloat16"
    assert there.task("block1_conv1", 0) == plan.task("block1_conv1", 0)
    assert there.settings == plan.settings
    assert Plan.of(config.read(environment.settled(raw, here))).precision == "float32"


def forbid(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Have the system say that a folder cannot be written to, to root too."""
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: access(path, mode) and os.fspath(path) != folder
    )


def test_a_folder_of_results_that_cannot_be_written_to_is_named_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment.prepare_results()  # none yet
    Path("results/filters/block1_conv1").mkdir(parents=True)
    environment.prepare_results()

    forbid(monkeypatch, "results/filters/block1_conv1")

    with pytest.raises(ResultsError, match=r"^results/filters/block1_conv1: cannot be written to"):
        environment.prepare_results()


@pytest.mark.parametrize("kept", ["", ".snakemake"])
def test_a_folder_in_which_snakemake_cannot_keep_anything_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / kept
    folder.mkdir(exist_ok=True)
    environment.check_folder()

    forbid(monkeypatch, str(folder))

    with pytest.raises(ResultsError, match=f"^{folder}: cannot be written to; mend its permissio"):
        environment.check_folder()
    (folder / ("locks" if kept else ".snakemake/locks")).mkdir(parents=True)
    environment.check_folder()  # as for a report of results in an archive


def test_what_killed_writers_left_among_the_results_is_taken_away(
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

    environment.prepare_results()

    assert set(os.listdir(folder)) == kept


def test_results_from_the_future_become_results_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = time.time()
    Path("results").mkdir()
    future, past = Path("results/future.png"), Path("results/past.png")
    for file, seconds in ((future, 86_400), (past, -86_400)):
        file.touch()
        os.utime(file, (before + seconds, before + seconds))

    environment.prepare_results()

    assert before <= future.stat().st_mtime <= time.time()
    assert past.stat().st_mtime == pytest.approx(before - 86_400, abs=1)
