"""Workers to test: in a thread with a fake engine, or real processes with a stand-in studio."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filter_atlas.worker import server
from filter_atlas.worker.home import Home

from .fakes import FakeEngine, StandInSite, Visitor, Worker


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files with a name short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def home(temporary: Path) -> Home:
    """A home in which nobody lives yet."""
    return Home.of("a test")


@pytest.fixture
def engine() -> FakeEngine:
    """What the worker draws with."""
    return FakeEngine()


@pytest.fixture
def start(
    home: Home, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Worker]]:
    """Starts the worker of `home`, which looks often whether it is still needed."""
    monkeypatch.setattr(server, "WATCH_SECONDS", 0.02)
    workers: list[Worker] = []

    def start(batch: int = 16, idle_seconds: float = 60) -> Worker:
        engine.most_at_once = batch
        workers.append(Worker(home, engine.load, idle_seconds))
        return workers[-1]

    yield start
    engine.loaded.set()
    engine.go.set()
    for worker in workers:
        worker.stop()


@pytest.fixture
def visit(home: Home) -> Iterator[Callable[[], Visitor]]:
    """Connects a client to the worker of `home`."""
    visitors: list[Visitor] = []

    def visit() -> Visitor:
        visitors.append(Visitor(home))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.leave()


@pytest.fixture
def begin() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Begins a run: a process that does nothing for long."""
    runs: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        runs.append(subprocess.Popen(["sleep", "600"]))
        return runs[-1]

    yield begin
    for run in runs:
        run.kill()
        run.wait()


@pytest.fixture
def site(tmp_path: Path, temporary: Path) -> Iterator[StandInSite]:
    """A site whose workers are real processes with a stand-in for the studio."""
    site = StandInSite(tmp_path, temporary)
    yield site
    site.close()
