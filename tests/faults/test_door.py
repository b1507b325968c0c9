"""The worker's door: who may not come in cannot, and who only disturbs is not heard."""

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
CROWD = 1_000


@pytest.fixture
def home(site: StandInSite, temporary: Path) -> Path:
    """The home of a worker that has drawn a filter and waits for more."""
    site.log(site.ascend(task(0)))
    (home,) = temporary.glob("filter-atlas-*/*")
    return home


def _knock(home: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(home / "socket"))
    return connection


def _tried(attempts: dict[str, Callable[[], object]], told: Any) -> None:
    """As another user, try things; tell what came of each."""
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
    told.send(outcomes)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("opened", [False, True], ids=["as made", "with its folders thrown open"])
def test_another_user_can_neither_enter_nor_read_the_key(home: Path, opened: bool) -> None:
    attempts = {
        "enter": lambda: os.listdir(home),
        "enter above": lambda: os.listdir(home.parent),
        "connect": lambda: _knock(home),
        "read the key": lambda: (home / "key").read_text(),
        "read the log": lambda: (home / "log").read_text(),
        "write a socket": lambda: (home / "socket2").touch(),
        "take the socket away": lambda: (home / "socket").unlink(),
        "take the home away": lambda: home.parent.rename(home.parent.with_name("mine")),
    }
    if opened:  # then the key is still closed, and without it nothing is to be had
        for folder in (home, home.parent):
            folder.chmod(0o755)
        attempts = {name: attempts[name] for name in ("read the key", "write a socket", "connect")}
    fork = multiprocessing.get_context("fork")
    heard, told = fork.Pipe()

    intruder = fork.Process(target=_tried, args=(attempts, told))
    intruder.start()
    outcomes = heard.recv()
    intruder.join()

    assert outcomes == dict.fromkeys(attempts, "PermissionError")
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600


@contextmanager
def _crowd(home: Path, words: bytes) -> Iterator[list[socket.socket]]:
    """A thousand strangers at the door, who say these words and stay."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * CROWD:
        pytest.skip(f"needs {2 * CROWD} open files, and {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CROWD), hard))
    try:
        with ExitStack() as stack:
            crowd = [stack.enter_context(closing(_knock(home))) for _ in range(CROWD)]
            for stranger in crowd:
                stranger.sendall(words)
            yield crowd
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _said(crowd: list[socket.socket]) -> bytes:
    """What the worker has said to any of them so far."""
    said = b""
    for stranger in crowd:
        stranger.setblocking(False)
        try:
            said += stranger.recv(1)
        except BlockingIOError:
            continue
    return said


WORDS = {
    "silence": b"",
    "half a length": b"\0\0",
    "half a message": (1000).to_bytes(4, "big") + b"{",
    "a length of 2 GB": (2**31).to_bytes(4, "big"),
    "garbage": os.urandom(64),
    "a wrong key": (lambda said: len(said).to_bytes(4, "big") + said)(
        json.dumps({"key": "wrong", "run": None, "task": task()}).encode()
    ),
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_thousand_strangers_hear_nothing_and_keep_nobody_waiting(
    site: StandInSite, home: Path, words: bytes
) -> None:
    (worker,) = map(psutil.Process, site.workers())
    before = worker.memory_info().rss

    with _crowd(home, words) as crowd:
        began = time.monotonic()
        site.log(site.ascend(task(1)))
        waited = time.monotonic() - began
        said = _said(crowd)

    assert said == b""
    assert waited < 5
    assert site.workers() == [worker.pid]
    assert (home / "log").read_text().count("\n") <= 3  # the stand-in's own words
    assert worker.memory_info().rss - before < 100e6
    assert becomes(lambda: worker.num_fds() < 50)


def test_a_worker_that_may_open_few_files_serves_again_once_the_strangers_have_gone(
    site: StandInSite, home: Path
) -> None:
    (worker,) = map(psutil.Process, site.workers())
    worker.rlimit(psutil.RLIMIT_NOFILE, (256, 256))

    with _crowd(home, b"") as crowd:
        time.sleep(0.5)
        said = _said(crowd)
    site.log(site.ascend(task(1)))

    assert said == b""
    assert site.workers() == [worker.pid]
