"""An engine without TensorFlow, for real worker processes.

Python imports a module of this name at its start. Every process with this folder in its PYTHONPATH
gets this engine in place of the real one, and nothing else changes.

Tests control and observe it by files in the folder that STAND_IN names:
    starts: the process id of each worker, one a line.
    batches: the filters of each batch, one batch a line.
    slow: while this file exists, a worker that starts waits.
    hold: while this file exists, a batch waits.
"""

import os
import sys
import time
import types
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

FOLDER = os.environ["STAND_IN"]


class TensorFlowEngine:
    """Draws and measures nothing; its files contain the name of the result."""

    def __init__(
        self,
        device: str,
        weights: str,
        threads: int,
        batch: int | None,
        alone: bool,
        planned: object,
    ) -> None:
        self._batch = batch or 16
        print("chatter at the start", file=sys.stderr, flush=True)

    def max_batch_size(self, key: tuple[str, str]) -> int:
        return self._batch

    def draw(self, tasks: Sequence[Any]) -> list[Callable[[], Any]]:
        self._run([task.filter for task in tasks])
        return [partial(self._finish, task) for task in tasks]

    def measure(self, task: Any) -> Callable[[], tuple[bytes, ...]]:
        self._run(task.filters)
        return lambda: tuple(
            f"{kind} of {task.layer} in {task.folder}".encode()
            for kind in ("measures", "paths", "contributions")
        )

    def _run(self, filters: Sequence[int]) -> None:
        _note("batches", " ".join(map(str, filters)))
        print("a worker's last message", file=sys.stderr, flush=True)
        _wait_while("hold")

    def _finish(self, task: Any) -> Any:
        from filter_atlas.worker.task import FilterResult

        return FilterResult(
            f"picture of {task.filter}".encode(), f"record of {task.filter}".encode()
        )


def _note(name: str, line: str) -> None:
    with open(f"{FOLDER}/{name}", "a") as file:
        file.write(f"{line}\n")


def _wait_while(name: str) -> None:
    while os.path.exists(f"{FOLDER}/{name}"):
        time.sleep(0.01)


_note("starts", str(os.getpid()))
_wait_while("slow")
engine = types.ModuleType("filter_atlas.worker.engine")
engine.TensorFlowEngine = TensorFlowEngine  # type: ignore[attr-defined]
sys.modules[engine.__name__] = engine
