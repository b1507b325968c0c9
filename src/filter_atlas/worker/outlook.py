"""What runs will yet ask of a worker, so that it can draw on while clients come and go.

Snakemake starts a job only when another has ended, so between two batches a device would wait for
processes to end and to begin. A run therefore leaves word of all that it lacks, and the worker
draws a little ahead of what it is asked for.
"""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from filter_atlas.architecture import CONTEXT, VGG16, Architecture
from filter_atlas.worker.task import Kind, Task

MOST_WASTED = 0.05
"""Share of what a run asks for that may be drawn for nothing, should it be stopped."""


class Lacking(BaseModel):
    """Filters that a run lacks and that share everything but their index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    filters: tuple[int, ...]

    def tasks(self) -> Iterator[Task]:
        """The task of every filter, in order."""
        return (self.task.model_copy(update={"filter": filter}) for filter in self.filters)


_FILE = TypeAdapter(list[Lacking])


def write(lacking: list[Lacking], path: Path) -> None:
    """Leave word of what a run lacks on one device, in the order in which it will ask for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_FILE.dump_json(lacking))


class Outlook:
    """What a worker knows of the requests that are still to come.

    Args:
        architecture: that of the network that it draws.

    Attributes:
        limit: most filters to have drawn before they are asked for.
    """

    def __init__(self, architecture: Architecture = VGG16) -> None:
        self.limit = 0
        self._context = {CONTEXT: architecture}
        self._runs: dict[str, int] = {}
        self._lacking: dict[str, list[_Queue]] = {}

    def learn(self, path: str, run: int) -> None:
        """Read once what a run has left word of; what cannot be read tells nothing.

        Args:
            path: the file that `write` has written.
            run: process id of the run's Snakemake.
        """
        if self._runs.get(path) == run:
            return
        self._runs[path] = run
        try:
            groups = _FILE.validate_json(Path(path).read_bytes(), context=self._context)
        except (OSError, ValidationError):
            groups = []
        # In place of what an earlier run in the same folder still lacked when it ended.
        self._lacking[path] = [dict.fromkeys(group.tasks()) for group in groups]
        self.limit = int(MOST_WASTED * sum(map(len, self._lacking[path])))

    def is_asked(self, task: Task) -> None:
        """Take note that a task is no longer to come."""
        for queue in self._queues():
            queue.pop(task, None)

    def next_kind(self) -> Kind | None:
        """Layer and recipe of what comes first; None where nothing is to come."""
        firsts = (next(iter(queue)) for queue in self._queues() if queue)
        return next((first.kind for first in firsts), None)

    def following(self, kind: Kind, count: int) -> list[Task]:
        """The next tasks to come, of one kind; they count as asked from now on.

        Args:
            kind: layer and recipe, as `Task.kind`.
            count: most tasks to return.
        """
        for queue in self._queues():
            first = next(iter(queue), None)
            if first and first.kind == kind:
                tasks = list(islice(queue, max(count, 0)))
                for task in tasks:
                    del queue[task]
                return tasks
        return []

    def _queues(self) -> Iterator["_Queue"]:
        return chain.from_iterable(self._lacking.values())


_Queue = dict[Task, None]
"""Tasks of one kind, in order."""
