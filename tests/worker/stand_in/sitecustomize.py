"""A studio without TensorFlow, for real worker processes.

Python imports a module of this name at its start where it finds one: every process with this
folder in its PYTHONPATH gets this studio in place of the real one, and nothing else changes.

What it does is told and noted in the folder that STAND_IN names:
    starts: the process id of each worker, one a line.
    batches: the filters of each batch, one batch a line.
    slow: while this file is there, a worker that starts does not get on.
    hold: while this file is there, a batch does not get done.
"""

import os
import sys
import time
import types
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

FOLDER = os.environ["STAND_IN"]


class Studio:
    """Draws nothing, but says what it should have drawn."""

    def __init__(
        self, device: str, weights: str, threads: int, batch: int | None, alone: bool
    ) -> None:
        self._batch = batch or 16
        print("chatter at the start", file=sys.stderr, flush=True)

    def most(self, kind: tuple[str, str]) -> int:
        return self._batch

    def draw(self, tasks: Sequence[Any]) -> list[Callable[[], Any]]:
        _note("batches", " ".join(str(task.filter) for task in tasks))
        print("a worker's last words", file=sys.stderr, flush=True)
        _wait_while("hold")
        return [partial(self._finish, task) for task in tasks]

    def _finish(self, task: Any) -> Any:
        from filter_atlas.worker.task import Drawn

        return Drawn(f"picture of {task.filter}".encode(), f"record of {task.filter}".encode())


def _note(name: str, line: str) -> None:
    with open(f"{FOLDER}/{name}", "a") as file:
        file.write(f"{line}\n")


def _wait_while(name: str) -> None:
    while os.path.exists(f"{FOLDER}/{name}"):
        time.sleep(0.01)


_note("starts", str(os.getpid()))
_wait_while("slow")
studio = types.ModuleType("filter_atlas.worker.studio")
studio.Studio = Studio  # type: ignore[attr-defined]
sys.modules[studio.__name__] = studio
