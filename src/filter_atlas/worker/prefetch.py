"""The filters that runs still need, so that a worker can draw some of them early.

Snakemake starts a job only when another has ended. So a device would wait between two batches
while processes end and begin. Therefore a run writes a list of all its pending filters, and the
worker draws a few of them before they are requested.
"""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from filter_atlas.base.architecture import CONTEXT, VGG16, Architecture
from filter_atlas.worker.task import BatchKey, DrawTask

MOST_WASTED = 0.05
"""Share of a run's pending filters that may be drawn in vain if the run is stopped."""


class PendingFilters(BaseModel, frozen=True, extra="forbid"):
    """Filters that a run still needs, with tasks that differ only in the filter's index."""

    task: DrawTask
    filters: tuple[int, ...]

    def tasks(self) -> Iterator[DrawTask]:
        """The task of every filter, in order."""
        return (self.task.model_copy(update={"filter": filter}) for filter in self.filters)


_FILE = TypeAdapter(list[PendingFilters])


def write_pending(pending: list[PendingFilters], path: Path) -> None:
    """Write the pending filters of one device, in request order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_FILE.dump_json(pending))


class PrefetchQueue:
    """The tasks that the runs of a worker have not requested yet.

    Args:
        architecture: the architecture of the network that the worker draws.

    Attributes:
        limit: maximum number of filters that are drawn before they are requested.
    """

    def __init__(self, architecture: Architecture = VGG16) -> None:
        self.limit = 0
        self._context = {CONTEXT: architecture}
        self._runs: dict[str, int] = {}
        self._pending: dict[str, list[_Queue]] = {}

    def load(self, path: str, run: int) -> None:
        """Load the pending filters of a run, once; an unreadable file counts as empty.

        Args:
            path: the file that `write_pending` has written.
            run: process id of the run's Snakemake.
        """
        if self._runs.get(path) == run:
            return
        self._runs[path] = run
        try:
            groups = _FILE.validate_json(Path(path).read_bytes(), context=self._context)
        except (OSError, ValidationError):
            groups = []
        # This replaces the filters that an earlier run in the same folder left pending.
        self._pending[path] = [dict.fromkeys(group.tasks()) for group in groups]
        self.limit = int(MOST_WASTED * sum(map(len, self._pending[path])))

    def mark_requested(self, task: DrawTask) -> None:
        """Remove a task that has been requested."""
        for queue in self._queues():
            queue.pop(task, None)

    def next_key(self) -> BatchKey | None:
        """Batch key of the first pending task; None where no task is pending."""
        firsts = (next(iter(queue)) for queue in self._queues() if queue)
        return next((first.batch_key for first in firsts), None)

    def take(self, key: BatchKey, count: int) -> list[DrawTask]:
        """Remove the next pending tasks with a batch key, and return them.

        Args:
            key: the batch key.
            count: maximum number of tasks to return.
        """
        for queue in self._queues():
            first = next(iter(queue), None)
            if first and first.batch_key == key:
                tasks = list(islice(queue, max(count, 0)))
                for task in tasks:
                    del queue[task]
                return tasks
        return []

    def _queues(self) -> Iterator["_Queue"]:
        return chain.from_iterable(self._pending.values())


_Queue = dict[DrawTask, None]
"""Tasks that share a batch key, in order."""
