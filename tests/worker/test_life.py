"""When a worker ends, when it does not, and what it leaves behind."""

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from filter_atlas.worker import server
from filter_atlas.worker.home import Home

from .fakes import FakeEngine, Visitor, Worker, becomes, task

Start = Callable[..., Worker]
Visit = Callable[[], Visitor]
Begin = Callable[[], subprocess.Popen[bytes]]

SOON = 3.0
"""Seconds; far less than the 60 that a worker of these tests idles."""


def test_a_worker_without_work_ends_after_its_idle_time_and_takes_its_home_away(
    start: Start, home: Home
) -> None:
    worker = start(idle_seconds=0.4)

    assert worker.ends()

    assert time.monotonic() - worker.born >= 0.4
    assert not os.path.exists(home.folder)


def test_every_request_starts_the_idle_time_anew(start: Start, visit: Visit) -> None:
    worker = start(idle_seconds=0.6)

    for filter in range(4):
        assert not worker.ends(within=0.3)
        visit().queue(task(filter)).picture()

    assert worker.ends()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("reaped", [True, False], ids=["reaped", "zombie"])
def test_a_worker_ends_as_soon_as_the_run_that_it_served_is_over(
    start: Start, visit: Visit, begin: Begin, home: Home, end: signal.Signals, reaped: bool
) -> None:
    run = begin()
    worker = start()
    visit().queue(task(), run=run.pid).picture()
    assert not worker.ends(within=0.2)

    run.send_signal(end)
    if reaped:
        run.wait()

    assert worker.ends(within=SOON)
    assert not os.path.exists(home.folder)


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

    assert worker.ends(within=SOON)


def test_a_worker_takes_a_process_that_got_the_number_of_its_run_for_another(
    start: Start, visit: Visit, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin()
    worker = start()
    visit().queue(task(), run=run.pid).picture()

    # As if the run had ended and the machine had given its number away.
    monkeypatch.setattr(psutil.Process, "is_running", lambda process: process.pid != run.pid)

    assert worker.ends(within=SOON)


def test_a_worker_that_has_too_many_files_open_to_look_lives_on_until_it_can(
    start: Start, visit: Visit, begin: Begin, home: Home, monkeypatch: pytest.MonkeyPatch
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

    assert worker.ends(within=SOON)
    assert not os.path.exists(home.folder)


def test_a_run_that_is_over_before_its_task_comes_does_no_harm(
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
    assert worker.ends(within=SOON)


def test_a_worker_does_not_end_while_a_client_is_about_to_start_one(
    start: Start, home: Home
) -> None:
    home.create()
    with open(home.lock, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        worker = start(idle_seconds=0.1)

        assert not worker.ends(within=0.5)

    assert worker.ends()


def test_a_worker_that_has_decided_to_leave_takes_no_task(
    start: Start, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = server._leave
    late: list[Visitor] = []

    def leave_as_a_client_comes(*arguments: object) -> bool:
        late.append(visit().say(task()))
        return leave(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(server, "_leave", leave_as_a_client_comes)
    worker = start(idle_seconds=0.1)

    assert worker.ends()

    assert late[0].hear() is None  # not even "queued": the client looks for another worker


def test_a_client_that_has_connected_but_not_spoken_when_the_worker_leaves_is_let_go(
    start: Start, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start()
    monkeypatch.setattr(server.Server, "needed", lambda self: not self._connections)

    late = visit()

    assert worker.ends()
    assert late.hear() is None


def test_a_worker_whose_home_is_deleted_ends_in_peace(start: Start, home: Home) -> None:
    worker = start(idle_seconds=0.2)

    shutil.rmtree(home.folder)

    assert worker.ends()
    assert not os.path.exists(home.folder)


def test_a_worker_spares_the_home_that_another_has_made_in_the_place_of_its_own(
    start: Start, home: Home, visit: Visit
) -> None:
    first = start(idle_seconds=0.5)
    shutil.rmtree(home.folder)
    start()

    assert first.ends()

    assert visit().queue(task(1)).picture() == b"picture of 1"


def test_a_socket_that_a_dead_worker_has_left_is_no_hindrance(
    start: Start, home: Home, visit: Visit
) -> None:
    home.create()
    Path(home.socket).touch()

    start()

    assert visit().queue(task(1)).picture() == b"picture of 1"


def test_a_worker_that_loads_for_long_notices_that_its_run_is_over(
    start: Start, home: Home, visit: Visit, begin: Begin, engine: FakeEngine
) -> None:
    engine.loaded.clear()
    run = begin()
    start()
    client = visit().queue(task(), run=run.pid)

    client.leave()
    run.kill()

    assert becomes(lambda: not os.path.exists(home.folder), within=SOON)


def test_a_worker_takes_the_homes_of_killed_ones_away_and_no_others(
    start: Start, temporary: Path, engine: FakeEngine
) -> None:
    living, killed, starting, new = map(Home.of, ("living", "killed", "starting", "new"))
    neighbour = Worker(living, engine.load)
    Path(living.lock).touch()
    for home in (killed, starting, new):
        home.create()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(home.socket)
        Path(home.key).touch()
    for home in (killed, starting):
        Path(home.lock).touch()

    with open(starting.lock, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start()
        assert becomes(lambda: not os.path.exists(killed.folder))
        left = {home for home in (living, starting, new) if os.path.exists(home.folder)}
    neighbour.stop()

    assert left == {living, starting, new}
