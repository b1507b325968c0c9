"""Ascend jobs as Snakemake starts them, with real worker processes and a stand-in studio."""

import fcntl
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from filter_atlas.errors import WorkerError
from filter_atlas.worker import client
from filter_atlas.worker.home import Home

from .fakes import ASCEND, StandInSite, becomes, is_over, task

HEAVY = {"subprocess", "asyncio", "pydantic", "numpy", "argparse", "tensorflow", "logging"}


def test_the_client_imports_nothing_that_takes_long() -> None:
    report = "import sys; from filter_atlas.worker import client; print(*sys.modules)"
    source = str(ASCEND.parents[1] / "src")

    imported = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {source!r}); {report}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "filter_atlas.worker.client" in imported
    assert HEAVY.isdisjoint(imported)


def test_a_job_writes_what_comes_back_and_says_how_it_was_made(site: StandInSite) -> None:
    log = site.log(site.ascend(task(7)))

    assert site.written() == {"7.json": "record of 7", "7.png": "picture of 7"}
    assert re.fullmatch(r"drawn on cpu in a batch of 1: \d+\.\d{3} s\n", log)


def test_eight_jobs_that_begin_at_once_start_one_worker(site: StandInSite) -> None:
    site.tell("hold")
    jobs = [site.ascend(task(filter)) for filter in range(8)]
    assert becomes(lambda: site.batches() != [])

    site.tell_no_more("hold")
    for job in jobs:
        site.log(job)

    assert len(site.workers()) == 1
    assert len(site.written()) == 16


def test_the_key_of_a_worker_is_for_its_user_alone(site: StandInSite, temporary: Path) -> None:
    site.log(site.ascend(task(0)))

    (key,) = temporary.rglob("key")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) == 64


def test_a_later_job_finds_the_worker_of_an_earlier_one(site: StandInSite) -> None:
    site.log(site.ascend(task(0)))
    site.log(site.ascend(task(1)))

    assert len(site.workers()) == 1


@pytest.mark.parametrize("different", ["device", "code", "weights", "settings", "visible GPUs"])
def test_a_worker_that_does_not_fit_a_job_is_left_alone(site: StandInSite, different: str) -> None:
    site.log(site.ascend(task(0)))

    match different:
        case "device":
            job = site.ascend(task(1), device="gpu:0")
        case "code":
            job = site.ascend(task(1, code="other"))
        case "weights":
            site.weights.write_bytes(b"others")
            job = site.ascend(task(1))
        case "settings":
            site.environment[client.SETTINGS] = '{"batch": 3}'
            job = site.ascend(task(1))
        case "Slurm job":
            site.environment["SLURM_JOB_ID"] = "7"
            job = site.ascend(task(1))
        case "visible GPUs":
            site.environment["CUDA_VISIBLE_DEVICES"] = "1"
            job = site.ascend(task(1))
    site.log(job)

    assert len(site.workers()) == 2


def test_a_worker_killed_while_it_draws_fails_its_job_in_one_line_and_the_next_starts_another(
    site: StandInSite,
) -> None:
    site.tell("hold")
    job = site.ascend(task(0))
    assert becomes(lambda: site.batches() == ["0"])
    os.kill(site.workers()[0], signal.SIGKILL)

    error = site.error(job)

    assert error == (
        "Error: the worker died while it drew this filter; its last words: a worker's last words\n"
    )
    assert site.written() == {}
    site.tell_no_more("hold")
    site.log(site.ascend(task(1)))
    assert len(site.workers()) == 2
    assert site.written() == {"1.json": "record of 1", "1.png": "picture of 1"}


def test_a_worker_killed_without_a_word_is_told_with_what_may_be_the_reason(
    site: StandInSite, temporary: Path
) -> None:
    site.tell("hold")
    job = site.ascend(task(0))
    assert becomes(lambda: site.batches() == ["0"])
    next(temporary.glob("filter-atlas-*/*/log")).write_text("")
    os.kill(site.workers()[0], signal.SIGKILL)

    assert site.error(job) == (
        "Error: the worker died while it drew this filter; it left no message: the system may have "
        "killed it for lack of memory\n"
    )


def test_a_worker_that_dies_before_it_listens_fails_its_job_with_its_last_words(
    site: StandInSite,
) -> None:
    site.environment[client.SETTINGS] = '{"batch": 0}'

    error = site.error(site.ascend(task(0)))

    assert error.startswith("Error: the worker on cpu did not start; its last words: ")
    assert "Input should be greater than or equal to 1" in error
    assert error.count("\n") == 1


def test_a_client_killed_while_it_starts_a_worker_leaves_that_worker_to_the_next(
    site: StandInSite,
) -> None:
    site.tell("slow")
    killed = site.ascend(task(0))
    assert becomes(lambda: len(site.workers()) == 1)
    killed.kill()
    killed.communicate()

    job = site.ascend(task(1))
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(0.5)
    site.tell_no_more("slow")
    site.log(job)

    assert len(site.workers()) == 1


def test_a_client_that_is_killed_is_not_drawn_for(site: StandInSite) -> None:
    site.tell("hold")
    first = site.ascend(task(0))
    assert becomes(lambda: site.batches() == ["0"])
    worker = psutil.Process(site.workers()[0])
    connected = len(worker.net_connections("unix"))
    second = site.ascend(task(1))
    assert becomes(lambda: len(worker.net_connections("unix")) > connected)

    second.kill()
    second.communicate()
    assert becomes(lambda: len(worker.net_connections("unix")) == connected)
    site.tell_no_more("hold")
    site.log(first)
    site.log(site.ascend(task(2)))

    assert site.batches() == ["0", "2"]


def test_a_worker_ends_with_its_run_though_its_idle_time_is_far(site: StandInSite) -> None:
    run = subprocess.Popen(["sleep", "600"])
    site.environment[client.RUN] = str(run.pid)
    site.environment[client.SETTINGS] = '{"idle_seconds": 600}'
    site.log(site.ascend(task(0)))

    run.kill()
    run.wait()

    assert becomes(lambda: is_over(site.workers()[0]), within=5)
    assert not any(Path(site.environment["TMPDIR"]).rglob("socket"))


def test_jobs_and_a_worker_that_leaves_never_miss_each_other(site: StandInSite) -> None:
    # The worker leaves half a second after each job, just as the next one comes.
    site.environment[client.SETTINGS] = '{"idle_seconds": 0.01}'

    for filter in range(3):
        site.log(site.ascend(task(filter)))
        leaving = site.workers()[-1]
        jobs = []
        while not is_over(leaving):
            jobs.append(site.ascend(task(filter)))
            if len(jobs) > 3:
                site.log(jobs.pop(0))
        for job in jobs:
            site.log(job)


def test_modules_of_the_folder_of_the_run_do_not_mislead_the_worker(site: StandInSite) -> None:
    (site.folder / "pydantic.py").write_text("raise SystemExit('misled')")

    site.log(site.ascend(task(0)))

    assert len(site.written()) == 2


def test_a_folder_for_results_that_is_not_there_is_named_in_one_line(
    site: StandInSite, tmp_path: Path
) -> None:
    error = site.error(site.ascend(task(0), results=tmp_path / "nowhere"))

    assert error == f"Error: {tmp_path}/nowhere/0.png: No such file or directory\n"


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only to root")
def test_a_folder_for_results_that_is_read_only_is_named_in_one_line(site: StandInSite) -> None:
    site.results.chmod(0o500)

    error = site.error(site.ascend(task(0)))

    assert error == (
        f"Error: {site.results}/0.png: Permission denied; mend its permissions, or run in a folder "
        "of your own\n"
    )


def test_a_file_in_the_place_of_the_folder_for_results_is_named_in_one_line(
    site: StandInSite,
) -> None:
    error = site.error(site.ascend(task(0), results=site.weights))

    assert error == f"Error: {site.weights}/0.png: Not a directory\n"


def test_a_missing_weights_file_is_named_with_what_to_do(site: StandInSite) -> None:
    site.weights.unlink()

    error = site.error(site.ascend(task(0)))

    assert error == (
        f"Error: {site.weights}: No such file or directory; run snakemake to make it\n"
    )
    assert site.workers() == []


def test_a_home_that_others_can_open_is_not_entered_though_somebody_listens_there(
    site: StandInSite, temporary: Path
) -> None:
    site.log(site.ascend(task(0)))
    (home,) = temporary.glob("filter-atlas-*/*")
    home.chmod(0o755)

    error = site.error(site.ascend(task(1)))

    assert error.startswith(f"Error: {home}: must be a folder that only you can open")
    assert error.count("\n") == 1
    assert site.batches() == ["0"]


def test_a_lock_that_a_leaving_worker_has_taken_away_is_made_anew(home: Home) -> None:
    home.create()
    made_anew: list[bool] = []

    def wait_for_the_lock() -> None:
        with client._Lock(home) as lock:
            made_anew.append(os.path.samestat(os.fstat(lock), os.stat(home.lock)))

    with open(home.lock, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=wait_for_the_lock)
        waiting.start()
        assert becomes(lambda: str(home.lock) in _open_files_twice())
        home.remove()
    waiting.join()

    assert made_anew == [True]


def _open_files_twice() -> list[str]:
    """Files that this process has opened more than once."""
    paths = [file.path for file in psutil.Process().open_files()]
    return [path for path in paths if paths.count(path) > 1]


def _hang_up(home: Home, times: int) -> threading.Thread:
    """Listen in a home as a worker that hangs up before it takes a task."""
    home.create()
    Path(home.key).write_text("a key")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(home.socket)
    listener.listen()

    def listen() -> None:
        with listener:
            for _ in range(times):
                connection, _ = listener.accept()
                connection.close()
        shutil.rmtree(home.folder)

    thread = threading.Thread(target=listen)
    thread.start()
    return thread


def test_a_worker_that_leaves_as_a_client_comes_makes_it_look_for_another(
    site: StandInSite, temporary: Path
) -> None:
    site.log(site.ascend(task(0)))
    (folder,) = temporary.glob("filter-atlas-*/*")
    os.kill(site.workers()[0], signal.SIGKILL)
    shutil.rmtree(folder)
    leaving = _hang_up(Home(str(folder)), times=1)

    site.log(site.ascend(task(1)))

    leaving.join()
    assert len(site.workers()) == 2
    assert "1.png" in site.written()


def test_a_client_gives_up_after_five_workers_that_hung_up(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.of("hangs up")
    monkeypatch.setattr(client, "_home", lambda *_: home)
    worker = _hang_up(home, times=5)

    with pytest.raises(WorkerError, match="went away 5 times before it took the task"):
        client.ascend("{}", "cpu", "w", str(tmp_path / "0.png"), str(tmp_path / "0.json"))

    worker.join()
