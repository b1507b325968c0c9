"""What stands in for TensorFlow, for clients and for runs in the tests of the workers."""

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

import numpy as np
import psutil

from filter_atlas.config import WorkerSettings
from filter_atlas.weights import canonical
from filter_atlas.worker import client, protocol
from filter_atlas.worker.home import Home
from filter_atlas.worker.server import live
from filter_atlas.worker.task import Drawn, Engine, Kind, Task

PATIENCE = 20.0
"""Seconds after which something that should have happened never will."""

KEY = "the key"
RECIPE = {"schedule": [{"size": 32, "steps": 2, "rate": 1.0}]}
OTHER_RECIPE = {"schedule": [{"size": 32, "steps": 3, "rate": 1.0}]}
ASCEND = Path(__file__).parents[2] / "scripts" / "ascend.py"


def task(filter: int = 0, layer: str = "block5_conv1", **others: Any) -> dict[str, Any]:
    """A task as the plan writes it."""
    same = {"seed": 0, "recipe": RECIPE, "precision": "float32", "weights": "w", "code": "c"}
    return {"layer": layer, "filter": filter, **same, **others}


def random_weights() -> canonical.Tensors:
    """Weights of VGG16's shapes under which activations neither vanish nor explode."""
    random = np.random.default_rng(0)
    return {
        name: random.standard_normal(shape, np.float32)
        * np.float32(np.sqrt(2 / np.prod(shape[:-1])) if name.endswith("kernel") else 0.01)
        for name, shape in canonical.SHAPES.items()
    }


def becomes(condition: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Wait until something is so; False if it never is."""
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


class FakeEngine:
    """Draws nothing: notes its batches, and dawdles or fails where it is told to.

    Attributes:
        most_at_once: most tasks in a batch.
        batches: layer, filter and number of steps of the tasks in each batch, in order.
        go: while this is clear, batches do not get done.
        loaded: while this is clear, the engine does not get loaded.
        failures: what to raise when a filter is to be drawn.
        flaws: what to raise when a filter is to be encoded.
        size: bytes of a picture.
        pause: seconds that a batch takes.
    """

    def __init__(self) -> None:
        self.most_at_once = 16
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

    def most(self, kind: Kind) -> int:
        return self.most_at_once

    def draw(self, tasks: Sequence[Task]) -> list[Callable[[], Drawn]]:
        self.batches.append([(one.layer, one.filter, one.recipe.steps) for one in tasks])
        self.go.wait(PATIENCE)
        time.sleep(self.pause)
        for one in tasks:
            if one.filter in self.failures:
                raise self.failures[one.filter]
        return [partial(self._finish, one) for one in tasks]

    def _finish(self, one: Task) -> Drawn:
        if one.filter in self.flaws:
            raise self.flaws[one.filter]
        picture = f"picture of {one.filter}".encode().ljust(self.size)
        return Drawn(picture, f"record of {one.filter}".encode())


class Worker:
    """A worker that lives in a thread of the test."""

    def __init__(self, home: Home, load: Callable[[], Engine], idle_seconds: float = 60) -> None:
        home.create()
        Path(home.key).write_text(KEY)
        self.home = home
        self.born = time.monotonic()
        settings = WorkerSettings(idle_seconds=idle_seconds)
        ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._error: BaseException | None = None

        async def life() -> None:
            self._loop = asyncio.get_running_loop()
            self._life = asyncio.current_task()
            await live(home, load, settings, ready.set)

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
        """Wait until the worker's life is over; False if it goes on."""
        self._thread.join(within)
        assert self._error is None
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End its life from outside, where it has not ended by itself."""
        if self._thread.is_alive() and self._life:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._life.cancel)
            assert self.ends()


class Visitor:
    """A client, step by step."""

    def __init__(self, home: Home) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(home.socket)

    def say(
        self,
        task: Mapping[str, Any],
        key: str = KEY,
        run: int | None = None,
        ahead: Path | None = None,
    ) -> "Visitor":
        request = {"key": key, "run": run, "ahead": ahead and str(ahead), "task": task}
        self.socket.sendall(protocol.frame(json.dumps(request).encode()))
        return self

    def hear(self) -> bytes | None:
        """The next frame, or None if the worker has hung up."""
        try:
            return client._receive(self.socket)
        except (EOFError, ConnectionError):
            return None

    def queue(
        self, task: Mapping[str, Any], run: int | None = None, ahead: Path | None = None
    ) -> "Visitor":
        """Ask for a task, and wait until it is in the queue."""
        self.say(task, run=run, ahead=ahead)
        assert self.status() == {"status": "queued"}
        return self

    def status(self) -> dict[str, Any]:
        """What the worker says of the task."""
        status: dict[str, Any] = json.loads(self.hear() or b'{"status": "hung up"}')
        return status

    def picture(self) -> bytes | None:
        """The picture that comes back, with the record read as well."""
        assert self.status()["status"] == "done"
        picture, record = self.hear(), self.hear()
        assert record
        assert self.hear() is None  # the worker has hung up
        return picture

    def failure(self) -> str:
        """The message that comes back instead of a picture."""
        answer = self.status()
        assert answer["status"] == "failed"
        return str(answer["message"])

    def leave(self) -> None:
        self.socket.close()


class Site:
    """A folder in which ascend jobs run as in a real run, each a process of its own.

    Attributes:
        folder: the folder.
        results: where the jobs write.
        weights: the weights file they name.
        environment: what they find in their environment.
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

    def ascend(
        self, task: Mapping[str, Any], device: str = "cpu", results: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start an ascend job."""
        results = results or self.results
        picture, record = (results / f"{task['filter']}.{kind}" for kind in ("png", "json"))
        arguments = [json.dumps(task), device, str(self.weights), str(picture), str(record)]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(ASCEND), *arguments],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def error(self, job: subprocess.Popen[str]) -> str:
        """What a job has to say when it fails."""
        _, error = job.communicate(timeout=PATIENCE * 2)
        assert job.returncode > 0
        return error

    def log(self, job: subprocess.Popen[str]) -> str:
        """What a job has to say when it has done its work."""
        _, log = job.communicate(timeout=PATIENCE * 2)
        assert job.returncode == 0, log
        return log

    def written(self) -> dict[str, str]:
        """What lies in the folder of the results."""
        return {path.name: path.read_text() for path in sorted(self.results.iterdir())}


class StandInSite(Site):
    """A site whose workers are real processes with a stand-in for the studio."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self._told = folder / "told"
        self._told.mkdir()
        stand_in = str(Path(__file__).parent / "stand_in")
        super().__init__(folder, temporary, STAND_IN=str(self._told), PYTHONPATH=stand_in)

    def workers(self) -> list[int]:
        """Process ids of all workers that were ever started."""
        return [int(line) for line in self._lines("starts")]

    def batches(self) -> list[str]:
        """The filters of each batch that workers began to draw."""
        return self._lines("batches")

    def tell(self, what: str) -> None:
        """Have workers be `slow` to start, or `hold` their batches."""
        (self._told / what).touch()

    def tell_no_more(self, what: str) -> None:
        (self._told / what).unlink(missing_ok=True)

    def close(self) -> None:
        """End the workers that are left."""
        for pid in self.workers():
            with suppress(psutil.NoSuchProcess):
                if "filter_atlas.worker" in psutil.Process(pid).cmdline():
                    os.kill(pid, signal.SIGKILL)
            assert becomes(lambda pid=pid: is_over(pid))  # type: ignore[misc]

    def _lines(self, name: str) -> list[str]:
        path = self._told / name
        return path.read_text().splitlines() if path.exists() else []
