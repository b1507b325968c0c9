"""The line of progress: finished jobs, time since the start, and time left.

Jobs differ in work by a factor of thousands, so the time left follows from the work that is done,
not from the number of jobs.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30
"""Minimum time between two lines in a file."""

SHOWN_FROM = 0.02
"""Share of the work from which the time left is shown; before, it would be a guess."""


class Progress:
    """A bar that stays in place on a terminal; in a file, a line every half minute.

    Args:
        stream: where it is shown.
        jobs: number of jobs of the run.
        clock: returns the time in seconds.
    """

    def __init__(
        self, stream: TextIO, jobs: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._work: Mapping[int, float] = {}
        self._total, self._done = float(jobs), 0.0
        self._jobs, self._finished = jobs, 0
        self._clock = clock
        self._start = self._last = clock()
        self._ends: deque[tuple[float, float]] = deque()
        terminal = stream.isatty()
        resizable = terminal and _columns(stream) > 0
        self._bar: tqdm[Any] = tqdm(
            total=self._total,
            desc=self._text(),
            file=stream if terminal else _Lines(stream),
            bar_format="{percentage:3.0f}%|{bar}| {desc}",
            mininterval=0.5 if terminal else SECONDS_BETWEEN_LINES,
            miniters=0,
            dynamic_ncols=resizable,
            ncols=None if resizable else 80,
        )

    @property
    def seconds_left(self) -> float | None:
        """Time from the last finished job to the end of the run; None if it is unknown yet.

        The speed is that of the second half of the work that is done: the start is slower, because
        the worker loads, and a download may come before.
        """
        if not self._ends or self._done < SHOWN_FROM * self._total:
            return None
        then, before = self._ends[0]
        if before > self._done / 2:
            return None
        return (self._total - self._done) * (self._last - then) / (self._done - before)

    def expect(self, work: Mapping[int, float]) -> None:
        """Set the work of all jobs, by their ids, in any unit; without it, all jobs are equal."""
        self._work = work
        self._bar.total = self._total = sum(work.values())

    def finish(self, job: int) -> None:
        """Count a job as finished."""
        self._finished += 1
        self._done += self._work.get(job, 1.0)
        self._last = self._clock()
        self._ends.append((self._last, self._done))
        while len(self._ends) > 1 and self._ends[1][1] <= self._done / 2:
            self._ends.popleft()
        self._bar.set_description_str(self._text(), refresh=False)
        self._bar.update(self._done - self._bar.n)

    def close(self, leave: bool) -> None:
        """End the line.

        Args:
            leave: show the last state; if not, a terminal shows nothing any more.
        """
        self._bar.leave = leave
        self._bar.close()

    def _text(self) -> str:
        passed = tqdm.format_interval(self._last - self._start)
        left = "?" if self.seconds_left is None else tqdm.format_interval(self.seconds_left)
        return f"{self._finished}/{self._jobs} jobs [{passed}<{left}]"


def _columns(terminal: TextIO) -> int:
    """The width of a terminal; 0 if it does not know it, as in containers without a screen."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns
    except OSError:
        return 0


class _Lines:
    """A stream for tqdm that ends every line, because a file has no cursor to move back."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line:
            self.stream.write(line + "\n")

    def flush(self) -> None:
        self.stream.flush()
