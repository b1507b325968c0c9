"""Stand-ins for TensorFlow, for clients and for runs, in the tests of the workers."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from filter_atlas.settings.worker import WorkerSettings
from filter_atlas.worker import client, protocol
from filter_atlas.worker.endpoint import WorkerEndpoint
from filter_atlas.worker.server import run_worker
from filter_atlas.worker.task import BatchKey, DrawTask, Engine, Files, FilterResult, MeasureTask

PATIENCE = 600.0
"""Seconds after which a test no longer waits for something that should happen, on any machine."""

MEASURED = ("measures", "paths", "contributions")
"""The files of a measured layer."""

KEY = "the key"
RECIPE = {"schedule": [{"size": 32, "steps": 2, "step_size": 1.0}]}
OTHER_RECIPE = {"schedule": [{"size": 32, "steps": 3, "step_size": 1.0}]}
SCRIPTS = Path(__file__).parents[2] / "scripts"


def task(filter: int = 0, layer: str = "block5_conv1", **others: Any) -> dict[str, Any]:
    """A drawing task as the plan writes it."""
    same = {"seed": 0, "recipe": RECIPE, "precision": "float32", "weights": "w", "code": "c"}
    return {"layer": layer, "filter": filter, **same, **others}


def measure_task(*filters: int, layer: str = "block5_conv1", **others: Any) -> dict[str, Any]:
    """A measure task as a job sends it."""
    same = {"folder": "/run", "variant": None, "as_trained": True, "weights": "w", "code": "c"}
    return {"layer": layer, "filters": filters, **same, **others}


def becomes(condition: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Wait until a condition holds; False if it never does."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def is_over(pid: int) -> bool:
    """Whether a process has ended, though its parent may not have noticed yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Clock:
    """What a worker uses of the module `time`, moved by the test.

    Attributes:
        seconds: the present.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    def monotonic(self) -> float:
        return self.seconds


class FakeEngine:
    """Draws and measures nothing. It records its batches, and waits or fails if a test says so.

    Attributes:
        max_batch: maximum number of tasks in a batch.
        batches: layer, filter and number of steps of the tasks in each batch, in order; for a
            measure task the steps are 0.
        go: while this is clear, batches wait.
        loaded: while this is clear, the engine is not loaded.
        failures: errors to raise when these filters are drawn or measured.
        flaws: errors to raise when these filters are encoded.
        size: bytes of a picture.
        pause: seconds that a batch takes.
    """

    def __init__(self) -> None:
        self.max_batch = 16
        self.batches: list[list[tuple[str, int, int]]] = []
        self.go = threading.Event()
        self.go.set()
        self.loaded = threading.Event()
        self.loaded.set()
        self.failures: dict[int, Exception] = {}
        self.flaws: dict[int, Exception] = {}
        self.size = 0
        self.pause = 0.0

    def load(self) -> Engine:
        self.loaded.wait(PATIENCE)
        return self

    def max_batch_size(self, key: BatchKey) -> int:
        return self.max_batch

    def draw(self, tasks: Sequence[DrawTask]) -> list[Callable[[], FilterResult]]:
        self._run([(one.layer, one.filter, one.recipe.steps) for one in tasks])
        return [partial(self._finish, one) for one in tasks]

    def measure(self, task: MeasureTask) -> Callable[[], Files]:
        self._run([(task.layer, filter, 0) for filter in task.filters])
        return lambda: tuple(f"{kind} of {task.layer}".encode() for kind in MEASURED)

    def _run(self, batch: list[tuple[str, int, int]]) -> None:
        self.batches.append(batch)
        self.go.wait(PATIENCE)
        time.sleep(self.pause)
        for _, filter, _ in batch:
            if filter in self.failures:
                raise self.failures[filter]

    def _finish(self, drawn: DrawTask) -> FilterResult:
        if drawn.filter in self.flaws:
            raise self.flaws[drawn.filter]
        picture = f"picture of {drawn.filter}".encode().ljust(self.size)
        return FilterResult(picture, f"record of {drawn.filter}".encode())


class Worker:
    """A worker that lives in a thread of the test."""

    def __init__(
        self, endpoint: WorkerEndpoint, load: Callable[[], Engine], idle_seconds: float = 3600
    ) -> None:
        endpoint.create()
        Path(endpoint.key).write_text(KEY)
        self.endpoint = endpoint
        settings = WorkerSettings(idle_seconds=idle_seconds)
        ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._error: BaseException | None = None

        async def life() -> None:
            self._loop = asyncio.get_running_loop()
            self._life = asyncio.current_task()
            await run_worker(endpoint, load, settings, ready.set)

        def thread() -> None:
            try:
                asyncio.run(life())
            except asyncio.CancelledError:
                pass
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=thread)
        self._thread.start()
        assert ready.wait(PATIENCE)

    def ends(self, within: float = PATIENCE) -> bool:
        """Wait until the worker has ended; False if it goes on."""
        self._thread.join(within)
        assert self._error is None
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End the worker, unless it has ended by itself."""
        if self._thread.is_alive() and self._life:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._life.cancel)
            assert self.ends()


class Visitor:
    """A client whose steps the test controls."""

    def __init__(self, endpoint: WorkerEndpoint) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(endpoint.socket)

    def send(
        self,
        task: Mapping[str, Any],
        key: str = KEY,
        run: int | None = None,
        pending: Path | None = None,
    ) -> "Visitor":
        request = {"key": key, "run": run, "pending": pending and str(pending), "task": task}
        self.socket.sendall(protocol.frame(json.dumps(request).encode()))
        return self

    def receive(self) -> bytes | None:
        """The next frame, or None if the worker has closed the connection."""
        try:
            return client._receive(self.socket)
        except (EOFError, ConnectionError):
            return None

    def queue(
        self, task: Mapping[str, Any], run: int | None = None, pending: Path | None = None
    ) -> "Visitor":
        """Request a task, and wait until it is queued."""
        self.send(task, run=run, pending=pending)
        assert self.status() == {"status": "queued"}
        return self

    def status(self) -> dict[str, Any]:
        """The worker's next answer."""
        status: dict[str, Any] = json.loads(self.receive() or b'{"status": "hung up"}')
        return status

    def files(self) -> list[bytes | None]:
        """All files that come back."""
        answer = self.status()
        assert answer["status"] == "done"
        files = [self.receive() for _ in range(answer["files"])]
        assert self.receive() is None  # the worker has hung up
        return files

    def picture(self) -> bytes | None:
        """The picture that comes back, beside a record."""
        picture, record = self.files()
        assert record
        return picture

    def failure(self) -> str:
        """The message that comes back instead of a picture."""
        answer = self.status()
        assert answer["status"] == "failed"
        return str(answer["message"])

    def leave(self) -> None:
        self.socket.close()


class Site:
    """A folder in which jobs run as in a real run, each in a process of its own.

    Attributes:
        folder: the folder.
        results: where the jobs write.
        weights: the weights file they name.
        environment: their environment variables.
    """

    def __init__(self, folder: Path, temporary: Path, **environment: str) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.results.mkdir()
        self.weights = folder / "vgg16.h5"
        self.weights.touch()
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = {
            **kept,
            "TMPDIR": str(temporary),
            client.RUN: str(os.getpid()),
            client.SETTINGS: WorkerSettings(idle_seconds=PATIENCE).model_dump_json(),
            **environment,
        }

    def draw(
        self, task: Mapping[str, Any], device: str = "cpu", results: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a job that draws a filter."""
        results = results or self.results
        picture, record = (results / f"{task['filter']}.{kind}" for kind in ("png", "json"))
        return self._start("draw_filter.py", task, device, picture, record)

    def measure(self, task: Mapping[str, Any]) -> subprocess.Popen[str]:
        """Start a job that measures a layer; as in a plan, the task has no folder."""
        task = {name: value for name, value in task.items() if name != "folder"}
        kinds = ("json",) if task["variant"] else ("json", "paths.npz", "contributions.npz")
        outputs = [self.results / f"{task['layer']}.{kind}" for kind in kinds]
        return self._start("measure.py", task, "cpu", *outputs)

    def _start(
        self, script: str, task: Mapping[str, Any], device: str, *outputs: Path
    ) -> subprocess.Popen[str]:
        arguments = [json.dumps(task), device, str(self.weights), *map(str, outputs)]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(SCRIPTS / script), *arguments],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def error(self, job: subprocess.Popen[str]) -> str:
        """The messages of a job that fails."""
        _, error = job.communicate()
        assert job.returncode > 0
        return error

    def log(self, job: subprocess.Popen[str]) -> str:
        """The messages of a job that succeeds."""
        _, log = job.communicate()
        assert job.returncode == 0, log
        return log

    def written(self) -> dict[str, str]:
        """The files in the folder of the results, and what they hold."""
        return {path.name: path.read_text() for path in sorted(self.results.iterdir())}


class StandInSite(Site):
    """A site whose workers are real processes with a stand-in for the engine."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self._signals = folder / "signals"
        self._signals.mkdir()
        stand_in = str(Path(__file__).parent / "stand_in")
        super().__init__(folder, temporary, STAND_IN=str(self._signals), PYTHONPATH=stand_in)

    def workers(self) -> list[int]:
        """Process ids of all workers that were ever started."""
        return [int(line) for line in self._lines("starts")]

    def batches(self) -> list[str]:
        """The filters of each batch that workers began to draw."""
        return self._lines("batches")

    def set(self, what: str) -> None:
        """Make workers `slow` to start, or make them `hold` their batches."""
        (self._signals / what).touch()

    def clear(self, what: str) -> None:
        (self._signals / what).unlink(missing_ok=True)

    def close(self) -> None:
        """End the workers that are left."""
        for pid in self.workers():
            with suppress(psutil.NoSuchProcess):
                if "filter_atlas.worker" in psutil.Process(pid).cmdline():
                    os.kill(pid, signal.SIGKILL)
            assert becomes(lambda pid=pid: is_over(pid))  # type: ignore[misc]

    def _lines(self, name: str) -> list[str]:
        path = self._signals / name
        return path.read_text().splitlines() if path.exists() else []
