"""Workers to test: in a thread with a fake engine, or real processes with a stand-in engine."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filter_atlas.worker import server
from filter_atlas.worker.endpoint import WorkerEndpoint

from .fakes import Clock, FakeEngine, StandInSite, Visitor, Worker


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files with a name short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def endpoint(temporary: Path) -> WorkerEndpoint:
    """An endpoint that has no worker yet."""
    return WorkerEndpoint.for_identity("a test")


@pytest.fixture
def engine() -> FakeEngine:
    """The engine of the worker."""
    return FakeEngine()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of workers, which only the test moves."""
    clock = Clock()
    monkeypatch.setattr(server, "time", clock)
    return clock


@pytest.fixture
def start(
    endpoint: WorkerEndpoint, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Worker]]:
    """Starts the worker of `endpoint`, which often checks whether it is still needed."""
    monkeypatch.setattr(server, "WATCH_SECONDS", 0.02)
    workers: list[Worker] = []

    def start(batch: int = 16, idle_seconds: float = 3600) -> Worker:
        engine.max_batch = batch
        workers.append(Worker(endpoint, engine.load, idle_seconds))
        return workers[-1]

    yield start
    engine.loaded.set()
    engine.go.set()
    for worker in workers:
        worker.stop()


@pytest.fixture
def visit(endpoint: WorkerEndpoint) -> Iterator[Callable[[], Visitor]]:
    """Connects a client to the worker of `endpoint`."""
    visitors: list[Visitor] = []

    def visit() -> Visitor:
        visitors.append(Visitor(endpoint))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.leave()


@pytest.fixture
def begin() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Begins a run: a process that sleeps."""
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
    """A site whose workers are real processes with a stand-in for the engine."""
    site = StandInSite(tmp_path, temporary)
    yield site
    site.close()
