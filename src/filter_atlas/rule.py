"""What the scripts of the rules share: a log, and errors as one line."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from filter_atlas.errors import FilterAtlasError, tell, told


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End what the user can mend in one line and status 2; the rest keeps its traceback."""
    try:
        yield
    except (FilterAtlasError, OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.filename is None:
            raise
        tell(told(error))
        sys.exit(2)


@contextmanager
def logged(log: str) -> Iterator[None]:
    """Send all output to a rule's log, errors of the user's own in one line."""
    with (
        # Unbuffered: what a full disk does not take is lost, and does not come up again at the end.
        io.TextIOWrapper(open(log, "wb", buffering=0), write_through=True) as file,
        redirect_stdout(file),
        redirect_stderr(file),
        one_line_errors(),
    ):
        yield
