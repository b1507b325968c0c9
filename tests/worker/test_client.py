"""Jobs as Snakemake starts them, with real worker processes and a stand-in engine."""

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

from filter_atlas.base.errors import WorkerError
from filter_atlas.worker import client
from filter_atlas.worker.endpoint import WorkerEndpoint

from .fakes import SCRIPTS, StandInSite, becomes, is_over, measure_task, task

HEAVY = {"subprocess", "asyncio", "pydantic", "numpy", "argparse", "tensorflow", "logging"}


def test_the_client_imports_nothing_that_takes_long() -> None:
    report = "import sys; from filter_atlas.worker import client; print(*sys.modules)"
    source = str(SCRIPTS.parent / "src")

    imported = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {source!r}); {report}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "filter_atlas.worker.client" in imported
    assert HEAVY.isdisjoint(imported)


def test_a_job_writes_the_files_that_come_back_and_logs_how_they_were_made(
    site: StandInSite,
) -> None:
    log = site.log(site.draw(task(7)))

    assert site.written() == {"7.json": "record of 7", "7.png": "picture of 7"}
    assert re.fullmatch(r"drawn on cpu in a batch of 1: \d+\.\d{3} s\n", log)


def test_a_job_that_measures_tells_the_worker_in_which_folder_the_pictures_are(
    site: StandInSite,
) -> None:
    log = site.log(site.measure(measure_task(0, 5)))

    assert site.written() == {
        "block5_conv1.json": f"measures of block5_conv1 in {site.folder}",
        "block5_conv1.paths.npz": f"paths of block5_conv1 in {site.folder}",
        "block5_conv1.contributions.npz": f"contributions of block5_conv1 in {site.folder}",
    }
    assert re.fullmatch(r"measured on cpu in a batch of 1: \d+\.\d{3} s\n", log)


def test_one_worker_draws_and_measures(site: StandInSite) -> None:
    site.log(site.draw(task(0)))
    site.log(site.measure(measure_task(0)))

    assert len(site.workers()) == 1


def test_eight_jobs_that_begin_at_once_start_one_worker(site: StandInSite) -> None:
    site.set("hold")
    jobs = [site.draw(task(filter)) for filter in range(8)]
    assert becomes(lambda: site.batches() != [])

    site.clear("hold")
    for job in jobs:
        site.log(job)

    assert len(site.workers()) == 1
    assert len(site.written()) == 16


def test_the_key_of_a_worker_is_for_its_user_alone(site: StandInSite, temporary: Path) -> None:
    site.log(site.draw(task(0)))

    (key,) = temporary.rglob("key")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) == 64


def test_a_later_job_finds_the_worker_of_an_earlier_one(site: StandInSite) -> None:
    site.log(site.draw(task(0)))
    site.log(site.draw(task(1)))

    assert len(site.workers()) == 1


@pytest.mark.parametrize(
    "different", ["device", "code", "weights", "settings", "Slurm job", "visible GPUs"]
)
def test_a_worker_that_does_not_fit_a_job_is_left_alone(site: StandInSite, different: str) -> None:
    site.log(site.draw(task(0)))

    match different:
        case "device":
            job = site.draw(task(1), device="gpu:0")
        case "code":
            site.environment[client.CODE] = "other"
            job = site.draw(task(1))
        case "weights":
            site.weights.write_bytes(b"others")
            job = site.draw(task(1))
        case "settings":
            site.environment[client.SETTINGS] = '{"batch": 3}'
            job = site.draw(task(1))
        case "Slurm job":
            site.environment["SLURM_JOB_ID"] = "7"
            job = site.draw(task(1))
        case "visible GPUs":
            site.environment["CUDA_VISIBLE_DEVICES"] = "1"
            job = site.draw(task(1))
    site.log(job)

    assert len(site.workers()) == 2


def test_a_worker_killed_while_it_draws_fails_its_job_in_one_line_and_the_next_starts_another(
    site: StandInSite,
) -> None:
    site.set("hold")
    job = site.draw(task(0))
    assert becomes(lambda: site.batches() == ["0"])
    os.kill(site.workers()[0], signal.SIGKILL)

    error = site.error(job)

    assert error == (
        "Lost worker: the worker died while it ran this task; its last messages: "
        "a worker's last message\n"
    )
    assert site.written() == {}
    site.clear("hold")
    site.log(site.draw(task(1)))
    assert len(site.workers()) == 2
    assert site.written() == {"1.json": "record of 1", "1.png": "picture of 1"}


def test_the_error_for_a_worker_killed_without_a_message_names_a_possible_reason(
    site: StandInSite, temporary: Path
) -> None:
    site.set("hold")
    job = site.draw(task(0))
    assert becomes(lambda: site.batches() == ["0"])
    log = next(temporary.glob("filter-atlas-*/*/log"))
    log.write_text("WARNING: All log messages before absl…\nI0000 00:00:1 cudart_stub.cc:31] …\n")
    os.kill(site.workers()[0], signal.SIGKILL)

    assert site.error(job) == (
        "Lost worker: the worker died while it ran this task; it left no message: the system may "
        "have killed it for lack of memory\n"
    )


def test_a_worker_that_dies_before_it_listens_fails_its_job_with_its_last_messages(
    site: StandInSite,
) -> None:
    site.environment[client.SETTINGS] = '{"batch": 0}'

    error = site.error(site.draw(task(0)))

    assert error.startswith("Error: the worker on cpu did not start; its last messages: ")
    assert "Input should be greater than or equal to 1" in error
    assert error.count("\n") == 1


def test_a_client_killed_while_it_starts_a_worker_leaves_that_worker_to_the_next(
    site: StandInSite,
) -> None:
    site.set("slow")
    killed = site.draw(task(0))
    assert becomes(lambda: len(site.workers()) == 1)
    killed.kill()
    killed.communicate()

    job = site.draw(task(1))
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(0.5)
    site.clear("slow")
    site.log(job)

    assert len(site.workers()) == 1


def test_the_filter_of_a_killed_client_is_not_drawn(site: StandInSite) -> None:
    site.set("hold")
    first = site.draw(task(0))
    assert becomes(lambda: site.batches() == ["0"])
    worker = psutil.Process(site.workers()[0])
    connected = len(worker.net_connections("unix"))
    second = site.draw(task(1))
    assert becomes(lambda: len(worker.net_connections("unix")) > connected)

    second.kill()
    second.communicate()
    assert becomes(lambda: len(worker.net_connections("unix")) == connected)
    site.clear("hold")
    site.log(first)
    site.log(site.draw(task(2)))

    assert site.batches() == ["0", "2"]


def test_a_worker_ends_with_its_run_though_its_idle_time_is_far(site: StandInSite) -> None:
    run = subprocess.Popen(["sleep", "600"])
    site.environment[client.RUN] = str(run.pid)
    site.environment[client.SETTINGS] = '{"idle_seconds": 3600}'
    site.log(site.draw(task(0)))

    run.kill()
    run.wait()

    assert becomes(lambda: is_over(site.workers()[0]))
    assert not any(Path(site.environment["TMPDIR"]).rglob("socket"))


def test_no_job_fails_because_a_worker_is_just_ending(site: StandInSite) -> None:
    # The worker ends half a second after each job, just as the next one comes.
    site.environment[client.SETTINGS] = '{"idle_seconds": 0.01}'

    for filter in range(3):
        site.log(site.draw(task(filter)))
        leaving = site.workers()[-1]
        jobs = []
        while not is_over(leaving):
            jobs.append(site.draw(task(filter)))
            if len(jobs) > 3:
                site.log(jobs.pop(0))
        for job in jobs:
            site.log(job)


def test_a_worker_imports_no_module_from_the_folder_of_the_run(site: StandInSite) -> None:
    (site.folder / "pydantic.py").write_text("raise SystemExit('misled')")

    site.log(site.draw(task(0)))

    assert len(site.written()) == 2


def test_a_missing_folder_for_results_is_named_in_one_line(
    site: StandInSite, tmp_path: Path
) -> None:
    error = site.error(site.draw(task(0), results=tmp_path / "nowhere"))

    assert error == f"Error: {tmp_path}/nowhere/0.png: No such file or directory\n"


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is read-only to root")
def test_a_folder_for_results_that_is_read_only_is_named_in_one_line(site: StandInSite) -> None:
    site.results.chmod(0o500)

    error = site.error(site.draw(task(0)))

    assert error == (
        f"Error: {site.results}/0.png: Permission denied; fix its permissions, or run in a folder "
        "of your own\n"
    )


def test_a_file_in_the_place_of_the_folder_for_results_is_named_in_one_line(
    site: StandInSite,
) -> None:
    error = site.error(site.draw(task(0), results=site.weights))

    assert error == f"Error: {site.weights}/0.png: Not a directory\n"


def test_a_missing_weights_file_is_named_with_the_remedy(site: StandInSite) -> None:
    site.weights.unlink()

    error = site.error(site.draw(task(0)))

    assert error == (
        f"Error: {site.weights}: No such file or directory; run snakemake to make it\n"
    )
    assert site.workers() == []


def test_an_endpoint_that_others_can_open_is_refused_though_a_worker_listens_there(
    site: StandInSite, temporary: Path
) -> None:
    site.log(site.draw(task(0)))
    (endpoint,) = temporary.glob("filter-atlas-*/*")
    endpoint.chmod(0o755)

    error = site.error(site.draw(task(1)))

    assert error.startswith(f"Error: {endpoint}: must be a folder that only you can open")
    assert error.count("\n") == 1
    assert site.batches() == ["0"]


def test_a_lock_that_an_ending_worker_has_removed_is_created_anew(endpoint: WorkerEndpoint) -> None:
    endpoint.create()
    created_anew: list[bool] = []

    def wait_for_the_lock() -> None:
        with client._Lock(endpoint) as lock:
            created_anew.append(os.path.samestat(os.fstat(lock), os.stat(endpoint.lock)))

    with open(endpoint.lock, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=wait_for_the_lock)
        waiting.start()
        assert becomes(lambda: str(endpoint.lock) in _open_files_twice())
        endpoint.remove()
    waiting.join()

    assert created_anew == [True]


def _open_files_twice() -> list[str]:
    """Files that this process has open more than once."""
    paths = [file.path for file in psutil.Process().open_files()]
    return [path for path in paths if paths.count(path) > 1]


def _hang_up(endpoint: WorkerEndpoint, times: int) -> threading.Thread:
    """Listen at an endpoint, like a worker that disconnects before it takes a task."""
    endpoint.create()
    Path(endpoint.key).write_text("a key")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(endpoint.socket)
    listener.listen()

    def listen() -> None:
        with listener:
            for _ in range(times):
                connection, _ = listener.accept()
                connection.close()
        shutil.rmtree(endpoint.folder)

    thread = threading.Thread(target=listen)
    thread.start()
    return thread


def test_a_client_whose_worker_is_just_ending_finds_another(
    site: StandInSite, temporary: Path
) -> None:
    site.log(site.draw(task(0)))
    (folder,) = temporary.glob("filter-atlas-*/*")
    os.kill(site.workers()[0], signal.SIGKILL)
    shutil.rmtree(folder)
    leaving = _hang_up(WorkerEndpoint(str(folder)), times=1)

    site.log(site.draw(task(1)))

    leaving.join()
    assert len(site.workers()) == 2
    assert "1.png" in site.written()


def test_a_client_gives_up_after_five_workers_that_hung_up(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = WorkerEndpoint.for_identity("hangs up")
    monkeypatch.setattr(client, "_endpoint", lambda *_: endpoint)
    worker = _hang_up(endpoint, times=5)

    with pytest.raises(WorkerError, match="went away 5 times before it took the task"):
        client.run_task("{}", "cpu", "w", str(tmp_path / "0.png"), str(tmp_path / "0.json"))

    worker.join()
