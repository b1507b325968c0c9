"""The errors a user can meet, each a single line that says what, where, and what to do.

Standard library only, and little of it: the client of every ascend job imports this.
"""

import errno
import sys
from typing import Self


class FilterAtlasError(Exception):
    """Something the user can mend; scripts print it as one line and exit with status 2.

    Line breaks in the message, from a path or from another error, become spaces.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class ConfigError(FilterAtlasError):
    """A setting in `config.yaml` (or after `--config`) that cannot be honoured."""


class WeightsError(FilterAtlasError):
    """Weights that are missing, damaged, or not VGG16's.

    Attributes:
        problem: what is wrong, without the remedy.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem


class OriginUnavailable(WeightsError):
    """An origin of weights that cannot be reached; the next one in the list may serve."""


class ClassifierError(FilterAtlasError):
    """A classifier that is missing or damaged, or whose logits cannot be read; or a class of it."""

    @classmethod
    def of(cls, error: WeightsError, remedy: str) -> Self:
        """A refusal of weights, with the remedy that fits where a classifier was asked for."""
        return cls(f"{error.problem}; {remedy}")


class ModelError(FilterAtlasError):
    """A network that is missing, cannot be built, or has nothing that could be drawn."""


class WorkerError(FilterAtlasError):
    """A warm worker that could not be started, reached, or believed."""


class ResultsError(FilterAtlasError):
    """A result that is missing or damaged where a later step needs it."""


class PhotoError(FilterAtlasError):
    """A photograph that cannot be read, or whose size will not do."""


MORE_MEMORY = "end other programs, or raise the limit (ulimit -v, or the cluster job's)"

_FREE = "free some space and run again"
_PERMIT = "mend its permissions, or run in a folder of your own"
_REMEDIES = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.EROFS: _PERMIT,
    errno.ENAMETOOLONG: "run in a folder with a shorter path",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def told(error: FilterAtlasError | OSError | MemoryError) -> str:
    """An error as one line; one of the system's with what it is about, and a remedy."""
    if isinstance(error, MemoryError):
        return f"out of memory ({error}); {MORE_MEMORY}"
    if isinstance(error, FilterAtlasError) or error.filename is None:
        return " ".join(str(error).splitlines())
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{error.filename}: {error.strerror}" + (f"; {remedy}" if remedy else "")


def tell(message: str) -> None:
    """Print an error on standard error, which is mostly a log.

    Where a log cannot be written, as on a full disk, it goes to the terminal instead.
    """
    for stream in (sys.stderr, sys.__stderr__, sys.__stdout__):
        try:
            print(f"Error: {message}", file=stream, flush=True)
        except OSError:
            continue
        return
