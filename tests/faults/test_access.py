"""Access to a worker: other users have none, and strangers do not delay its clients."""

import json
import multiprocessing
import os
import resource
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from worker.fakes import StandInSite, becomes, task

NOBODY = 65534
STRANGERS = 1_000


@pytest.fixture
def endpoint(site: StandInSite, temporary: Path) -> Path:
    """The folder of a worker that has drawn a filter and waits for more."""
    site.log(site.draw(task(0)))
    (endpoint,) = temporary.glob("filter-atlas-*/*")
    return endpoint


def _open_connection(endpoint: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(endpoint / "socket"))
    return connection


def _try_as_nobody(attempts: dict[str, Callable[[], object]], sender: Any) -> None:
    """Try some actions as another user, and send their outcomes."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    outcomes = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            outcomes[name] = "done"
        except OSError as error:
            outcomes[name] = type(error).__name__
    sender.send(outcomes)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("opened", [False, True], ids=["as made", "with its folders opened"])
def test_another_user_can_neither_enter_nor_read_the_key(endpoint: Path, opened: bool) -> None:
    attempts = {
        "enter": lambda: os.listdir(endpoint),
        "enter above": lambda: os.listdir(endpoint.parent),
        "connect": lambda: _open_connection(endpoint),
        "read the key": lambda: (endpoint / "key").read_text(),
        "read the log": lambda: (endpoint / "log").read_text(),
        "write a socket": lambda: (endpoint / "socket2").touch(),
        "take the socket away": lambda: (endpoint / "socket").unlink(),
        "take the folder away": lambda: endpoint.parent.rename(endpoint.parent.with_name("mine")),
    }
    if opened:  # the key is still private, and a worker answers nothing without it
        for folder in (endpoint, endpoint.parent):
            folder.chmod(0o755)
        attempts = {name: attempts[name] for name in ("read the key", "write a socket", "connect")}
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe()

    intruder = fork.Process(target=_try_as_nobody, args=(attempts, sender))
    intruder.start()
    outcomes = receiver.recv()
    intruder.join()

    assert outcomes == dict.fromkeys(attempts, "PermissionError")
    assert stat.S_IMODE((endpoint / "key").stat().st_mode) == 0o600


@contextmanager
def _strangers(endpoint: Path, message: bytes) -> Iterator[list[socket.socket]]:
    """A thousand strangers who connect, send these bytes and stay."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * STRANGERS:
        pytest.skip(f"needs {2 * STRANGERS} open files, and {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * STRANGERS), hard))
    try:
        with ExitStack() as connections:
            strangers = [
                connections.enter_context(closing(_open_connection(endpoint)))
                for _ in range(STRANGERS)
            ]
            for stranger in strangers:
                stranger.sendall(message)
            yield strangers
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _answers(strangers: list[socket.socket]) -> bytes:
    """Everything that the worker has answered to any of them so far."""
    received = b""
    for stranger in strangers:
        stranger.setblocking(False)
        try:
            received += stranger.recv(1)
        except BlockingIOError:
            continue
    return received


def _seconds(site: StandInSite, filter: int) -> float:
    """How long a job takes."""
    began = time.monotonic()
    site.log(site.draw(task(filter)))
    return time.monotonic() - began


MESSAGES = {
    "silence": b"",
    "half a length": b"\0\0",
    "half a message": (1000).to_bytes(4, "big") + b"{",
    "a length of 2 GB": (2**31).to_bytes(4, "big"),
    "garbage": os.urandom(64),
    "a wrong key": (lambda request: len(request).to_bytes(4, "big") + request)(
        json.dumps({"key": "wrong", "run": None, "task": task()}).encode()
    ),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_thousand_strangers_get_no_answer_and_delay_no_client(
    site: StandInSite, endpoint: Path, message: bytes
) -> None:
    (worker,) = map(psutil.Process, site.workers())
    before = worker.memory_info().rss

    alone = _seconds(site, filter=0)
    with _strangers(endpoint, message) as strangers:
        beside_strangers = _seconds(site, filter=1)
        answers = _answers(strangers)

    assert answers == b""
    assert beside_strangers < 20 * alone
    assert site.workers() == [worker.pid]
    assert (endpoint / "log").read_text().count("\n") <= 3  # the messages of the stand-in
    assert worker.memory_info().rss - before < 100e6
    assert becomes(lambda: worker.num_fds() < 50)


def test_a_worker_that_may_open_few_files_serves_again_once_the_strangers_have_gone(
    site: StandInSite, endpoint: Path
) -> None:
    (worker,) = map(psutil.Process, site.workers())
    worker.rlimit(psutil.RLIMIT_NOFILE, (256, 256))

    with _strangers(endpoint, b"") as strangers:
        time.sleep(0.5)
        answers = _answers(strangers)
    site.log(site.draw(task(1)))

    assert answers == b""
    assert site.workers() == [worker.pid]
