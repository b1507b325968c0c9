"""What the scripts of the rules share: a log, and errors as one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from filter_atlas.errors import FilterAtlasError


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End what the user can mend in one line and status 2; the rest keeps its traceback."""
    try:
        yield
    except FilterAtlasError as error:
        _end(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _end(f"{error.filename}: {error.strerror}")


@contextmanager
def logged(log: str) -> Iterator[None]:
    """Send all output to a rule's log, errors of the user's own in one line."""
    with (
        open(log, "w", buffering=1) as file,
        redirect_stdout(file),
        redirect_stderr(file),
        one_line_errors(),
    ):
        yield


def _end(message: str) -> None:
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(2)
