"""When a worker ends, when it does not, and what it leaves behind."""

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from filter_atlas.worker import server
from filter_atlas.worker.endpoint import WorkerEndpoint

from .fakes import Clock, FakeEngine, Visitor, Worker, becomes, task

Start = Callable[..., Worker]
Visit = Callable[[], Visitor]
Begin = Callable[[], subprocess.Popen[bytes]]


def test_a_worker_without_work_ends_after_its_idle_time_and_removes_its_endpoint(
    start: Start, endpoint: WorkerEndpoint, clock: Clock
) -> None:
    worker = start(idle_seconds=60)

    clock.advance(59)
    assert not worker.ends(within=0.2)
    clock.advance(2)

    assert worker.ends()
    assert not os.path.exists(endpoint.folder)


def test_every_request_starts_the_idle_time_anew(start: Start, visit: Visit, clock: Clock) -> None:
    worker = start(idle_seconds=60)

    for filter in range(3):
        clock.advance(59)
        assert not worker.ends(within=0.1)
        visit().queue(task(filter)).picture()

    def ends_later() -> bool:
        clock.advance(61)  # again and again: the worker notes the end of the request at some time
        return worker.ends(within=0.1)

    assert becomes(ends_later)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("reaped", [True, False], ids=["reaped", "zombie"])
def test_a_worker_ends_as_soon_as_the_run_that_it_served_is_over(
    start: Start,
    visit: Visit,
    begin: Begin,
    endpoint: WorkerEndpoint,
    end: signal.Signals,
    reaped: bool,
) -> None:
    run = begin()
    worker = start()
    visit().queue(task(), run=run.pid).picture()
    assert not worker.ends(within=0.2)

    run.send_signal(end)
    if reaped:
        run.wait()

    assert worker.ends()
    assert not os.path.exists(endpoint.folder)


def test_a_worker_of_two_runs_ends_with_the_second(
    start: Start, visit: Visit, begin: Begin
) -> None:
    first, second = begin(), begin()
    worker = start()
    for run in (first, second):
        visit().queue(task(), run=run.pid).picture()

    first.kill()
    assert not worker.ends(within=0.3)
    second.kill()

    assert worker.ends()


def test_a_process_that_reuses_the_process_id_of_a_run_is_not_that_run(
    start: Start, visit: Visit, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin()
    worker = start()
    visit().queue(task(), run=run.pid).picture()

    # As if the run had ended, and another process had its id.
    monkeypatch.setattr(psutil.Process, "is_running", lambda process: process.pid != run.pid)

    assert worker.ends()


def test_a_worker_with_too_many_open_files_to_check_goes_on_until_it_can(
    start: Start,
    visit: Visit,
    begin: Begin,
    endpoint: WorkerEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    run = begin()
    worker = start()
    visit().queue(task(), run=run.pid).picture()
    with monkeypatch.context() as patch:
        patch.setattr(psutil.Process, "is_running", fail)
        patch.setattr(psutil.Process, "__init__", fail)
        assert not worker.ends(within=0.2)
        assert visit().queue(task(1), run=run.pid).picture() == b"picture of 1"
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", fail)
        run.kill()
        run.wait()
        assert not worker.ends(within=0.2)

    assert worker.ends()
    assert not os.path.exists(endpoint.folder)


def test_a_run_that_ends_before_its_task_arrives_does_no_harm(
    start: Start, visit: Visit, begin: Begin
) -> None:
    run = begin()
    run.kill()
    run.wait()
    start()

    assert visit().queue(task(1), run=run.pid).picture() == b"picture of 1"


def test_a_worker_does_not_end_while_a_client_waits(
    start: Start, visit: Visit, begin: Begin, engine: FakeEngine
) -> None:
    engine.go.clear()
    run = begin()
    worker = start(idle_seconds=0.1)
    client = visit().queue(task(1), run=run.pid)

    run.kill()
    assert not worker.ends(within=0.5)
    engine.go.set()

    assert client.picture() == b"picture of 1"
    assert worker.ends()


def test_a_worker_does_not_end_while_a_client_is_about_to_start_one(
    start: Start, endpoint: WorkerEndpoint
) -> None:
    endpoint.create()
    with open(endpoint.lock, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        worker = start(idle_seconds=0.1)

        assert not worker.ends(within=0.5)

    assert worker.ends()


def test_a_worker_that_has_decided_to_end_takes_no_task(
    start: Start, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutdown = server._shutdown
    late: list[Visitor] = []

    def shut_down_as_a_client_comes(*arguments: object) -> bool:
        late.append(visit().send(task()))
        return shutdown(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(server, "_shutdown", shut_down_as_a_client_comes)
    worker = start(idle_seconds=0.1)

    assert worker.ends()

    assert late[0].receive() is None  # not even "queued": the client looks for another worker


def test_a_client_without_a_request_is_disconnected_when_the_worker_ends(
    start: Start, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start()
    monkeypatch.setattr(server.Server, "needed", lambda self: not self._connections)

    late = visit()

    assert worker.ends()
    assert late.receive() is None


def test_a_worker_whose_endpoint_is_deleted_ends_without_an_error(
    start: Start, endpoint: WorkerEndpoint, clock: Clock
) -> None:
    worker = start(idle_seconds=60)

    shutil.rmtree(endpoint.folder)
    clock.advance(61)

    assert worker.ends()
    assert not os.path.exists(endpoint.folder)


def test_a_worker_does_not_remove_the_endpoint_that_another_worker_has_created_anew(
    start: Start, endpoint: WorkerEndpoint, visit: Visit, begin: Begin
) -> None:
    first, run = start(), begin()
    visit().queue(task(0), run=run.pid).picture()
    shutil.rmtree(endpoint.folder)
    start()
    run.kill()

    assert first.ends()

    assert visit().queue(task(1)).picture() == b"picture of 1"


def test_a_worker_replaces_the_socket_that_a_dead_worker_has_left(
    start: Start, endpoint: WorkerEndpoint, visit: Visit
) -> None:
    endpoint.create()
    Path(endpoint.socket).touch()

    start()

    assert visit().queue(task(1)).picture() == b"picture of 1"


def test_a_worker_that_is_still_loading_notices_that_its_run_is_over(
    start: Start, endpoint: WorkerEndpoint, visit: Visit, begin: Begin, engine: FakeEngine
) -> None:
    engine.loaded.clear()
    run = begin()
    start()
    client = visit().queue(task(), run=run.pid)

    client.leave()
    run.kill()

    assert becomes(lambda: not os.path.exists(endpoint.folder))


def test_a_worker_removes_the_endpoints_of_killed_workers_and_no_others(
    start: Start, temporary: Path, engine: FakeEngine
) -> None:
    living, killed, starting, new = map(
        WorkerEndpoint.for_identity, ("living", "killed", "starting", "new")
    )
    neighbour = Worker(living, engine.load)
    Path(living.lock).touch()
    for endpoint in (killed, starting, new):
        endpoint.create()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(endpoint.socket)
        Path(endpoint.key).touch()
    for endpoint in (killed, starting):
        Path(endpoint.lock).touch()

    with open(starting.lock, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start()
        assert becomes(lambda: not os.path.exists(killed.folder))
        left = {endpoint for endpoint in (living, starting, new) if os.path.exists(endpoint.folder)}
    neighbour.stop()

    assert left == {living, starting, new}
