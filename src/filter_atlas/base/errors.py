"""Errors that users can correct: one line that names the problem, the place and the remedy.

Standard library only, and little of it, because the client of every filter's job imports this.
"""

import errno
import sys
from typing import Self


def printable(text: str) -> str:
    """Text as a terminal can show it: all invisible characters except line breaks are escaped.

    Names in the files of strangers can contain characters that move the cursor, hide text, or
    reverse its order.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def one_line(text: str) -> str:
    """Text as one printable line: line breaks, from a path or another error, become spaces."""
    return printable(" ".join(text.splitlines()))


class FilterAtlasError(Exception):
    """An error that the user can correct. Scripts print it as one line and exit with status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class ConfigError(FilterAtlasError):
    """A setting in `config.yaml` (or after `--config`) that cannot be used."""


class WeightsError(FilterAtlasError):
    """Weights that are missing, damaged, or of another network.

    Attributes:
        problem: what is wrong, without the remedy.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem

    @classmethod
    def from_os_error(
        cls, source: str, error: OSError, remedy: str = "give the path of a file"
    ) -> Self:
        """A file that cannot be read; `source` names it."""
        return cls(f"{source}: cannot be read ({error.strerror})", remedy)


class OriginUnavailable(WeightsError):
    """An origin of weights that cannot be reached. The next origin in the list is tried."""


class ClassifierError(FilterAtlasError):
    """A classifier that is missing, damaged or has no logits, or a class that it does not have."""

    @classmethod
    def from_weights_error(cls, error: WeightsError, remedy: str) -> Self:
        """The same problem with a remedy for classifiers."""
        return cls(f"{error.problem}; {remedy}")


class ModelError(FilterAtlasError):
    """A network that is missing, cannot be built, or has no layer that can be drawn."""


class WorkerError(FilterAtlasError):
    """A worker that cannot be started or reached, or a task that fails."""


class WorkerDied(WorkerError):
    """A worker that died while it ran a task. Another attempt starts a new worker."""


class ResultsError(FilterAtlasError):
    """A result that a later step needs, but that is missing or damaged."""


class PhotoError(FilterAtlasError):
    """A photograph that cannot be read, or is too small or too large."""


ERROR = "Error: "
"""Start of the line about an error that another attempt cannot mend."""

LOST_WORKER = "Lost worker: "
"""Start of the line about a worker that died; another attempt starts a new worker."""

WARNING = "Warning: "
"""Start of a line in a log that users should see although the job succeeds."""

INTERRUPTED = "interrupted; the same command continues where the run stopped"

MORE_MEMORY = "end other programs, or raise the limit (ulimit -v, or the cluster job's)"

_FREE = "free some space and run again"
_PERMIT = "fix its permissions, or run in a folder of your own"
_REMEDIES = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.EROFS: _PERMIT,
    errno.ENAMETOOLONG: "run in a folder with a shorter path",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def format_error(error: FilterAtlasError | OSError | MemoryError) -> str:
    """An error as one line. For an error of the system, add its file and a remedy."""
    if isinstance(error, MemoryError):
        return one_line(f"out of memory ({error}); {MORE_MEMORY}")
    if isinstance(error, FilterAtlasError) or error.filename is None:
        return one_line(str(error))
    remedy = _REMEDIES.get(error.errno or 0)
    return one_line(f"{error.filename}: {error.strerror}" + (f"; {remedy}" if remedy else ""))


def print_error(message: str, start: str = ERROR) -> None:
    """Print an error on standard error, which usually is a log.

    If the log cannot be written, as on a full disk, print it on the terminal.

    Args:
        message: the error, see `format_error`.
        start: the start of the line, `ERROR` or `LOST_WORKER`.
    """
    for stream in (sys.stderr, sys.__stderr__, sys.__stdout__):
        try:
            print(f"{start}{message}", file=stream, flush=True)
        except OSError:
            continue
        return
