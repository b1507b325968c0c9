"""Logs of the rules' scripts, and errors as one line."""

import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from filter_atlas.base.errors import (
    INTERRUPTED,
    FilterAtlasError,
    format_error,
    one_line,
    print_error,
    printable,
)

_STANDARD = (1, 2)
"""File descriptors of standard output and standard error."""


def log_line(text: str) -> None:
    """Write one printable line to the log of a script."""
    print(one_line(text), file=sys.stderr)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print errors that the user can correct in one line, and exit with status 2.

    Ctrl-C is one line too, with status 130. All other errors keep their traceback, and the status
    is 1.
    """
    try:
        yield
    except KeyboardInterrupt:
        print_error(INTERRUPTED)
        sys.exit(130)
    except Exception as error:
        names_a_file = not isinstance(error, OSError) or error.filename is not None
        if isinstance(error, FilterAtlasError | OSError | MemoryError) and names_a_file:
            print_error(format_error(error))
            sys.exit(2)
        print(printable(traceback.format_exc()), file=sys.stderr, end="")
        sys.exit(1)


@contextmanager
def logged(log: str) -> Iterator[None]:
    """Send all output, including that of libraries, to a rule's log; see `one_line_errors`."""
    with (
        # Unbuffered: output that does not fit on a full disk is lost, and is not written again at
        # the end.
        io.TextIOWrapper(open(log, "wb", buffering=0), write_through=True) as file,
        redirect_stdout(file),
        redirect_stderr(file),
        # The descriptors are restored before an error is printed, because an error that cannot be
        # logged goes to the terminal.
        one_line_errors(),
        _redirected_descriptors(file.fileno()),
    ):
        yield


@contextmanager
def _redirected_descriptors(target: int) -> Iterator[None]:
    """Send output that libraries such as TensorFlow write outside Python to a file."""
    saved = [os.dup(descriptor) for descriptor in _STANDARD]
    try:
        for descriptor in _STANDARD:
            os.dup2(target, descriptor)
        yield
    finally:
        for descriptor, copy in zip(_STANDARD, saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
