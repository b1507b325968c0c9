"""Why a job failed, read from its log.

A run sees only that a job failed. Its log says why, and whether another attempt can help.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filter_atlas.base.errors import ERROR, LOST_WORKER, WARNING


@dataclass(frozen=True)
class Failure:
    """Why a job failed.

    Attributes:
        message: one line; None if the job left no message, as a process that was killed.
        names_itself: whether the message names its own place and remedy. If not, it is the last
            line of a traceback.
        is_permanent: whether another attempt would fail in the same way.
    """

    message: str | None
    names_itself: bool
    is_permanent: bool


def read_failure(logs: Iterable[str | Path]) -> Failure:
    """Why a job failed.

    Args:
        logs: its logs; those that are missing count as empty.
    """
    lines = [line for log in logs for line in _lines(log)]
    for line in reversed(lines):
        if line.startswith(ERROR):
            return Failure(line.removeprefix(ERROR), names_itself=True, is_permanent=True)
        if line.startswith(LOST_WORKER):
            return Failure(line.removeprefix(LOST_WORKER), names_itself=True, is_permanent=False)
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        return Failure(lines[-1], names_itself=False, is_permanent=True)
    return Failure(None, names_itself=False, is_permanent=False)


def read_warnings(logs: Iterable[str | Path]) -> list[str]:
    """The warnings of a job, each as one line that starts with `WARNING`."""
    return [line for log in logs for line in _lines(log) if line.startswith(WARNING)]


def _lines(log: str | Path) -> list[str]:
    try:
        return Path(log).read_text(errors="replace").strip().splitlines()
    except OSError:
        return []
