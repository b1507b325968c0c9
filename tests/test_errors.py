"""Errors are one line; a refusal of weights can be given another remedy."""

import errno
import io
import os
import sys

import pytest

from filter_atlas.errors import ClassifierError, FilterAtlasError, WeightsError, tell, told


def test_line_breaks_become_spaces() -> None:
    assert str(FilterAtlasError("a\nb\r\nc")) == "a b c"


def test_weights_are_refused_with_a_remedy() -> None:
    assert str(WeightsError("a.h5: damaged", "fetch it again")) == "a.h5: damaged; fetch it again"


def test_a_classifier_is_refused_with_a_remedy_of_its_own_whatever_the_problem_says() -> None:
    error = WeightsError("a; b.h5: damaged (this; and that)", "fetch it again; or not")

    refusal = ClassifierError.of(error, "give another one")

    assert str(refusal) == "a; b.h5: damaged (this; and that); give another one"


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.ENOSPC, "a b.png: No space left on device; free some space and run again"),
        (errno.EROFS, "a b.png: Read-only file system; mend its permissions, or run in a folder"),
        (errno.EMFILE, "a b.png: Too many open files; raise the limit of open files (ulimit -n)"),
        (errno.EISDIR, "a b.png: Is a directory"),
    ],
)
def test_an_error_of_the_system_names_the_file_and_what_to_do(number: int, line: str) -> None:
    assert told(OSError(number, os.strerror(number), "a b.png")).startswith(line)


def test_errors_without_a_file_are_told_as_they_are() -> None:
    assert told(OSError("the line\nis dead")) == "the line is dead"
    assert told(FilterAtlasError("no such thing")) == "no such thing"


def test_a_lack_of_memory_is_told_with_what_to_do() -> None:
    assert told(MemoryError("vgg16.h5")).startswith("out of memory (vgg16.h5); end other programs")


class FullDisk(io.StringIO):
    """A log that cannot be written."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_that_the_log_does_not_take_goes_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", FullDisk())
    monkeypatch.setattr(sys, "__stderr__", FullDisk())
    monkeypatch.setattr(sys, "__stdout__", terminal)

    tell("no space")

    assert terminal.getvalue() == "Error: no space\n"
