"""Errors are one line with a remedy, and an error about weights can get another remedy."""

import errno
import io
import os
import sys

import pytest

from filter_atlas.base.errors import (
    ClassifierError,
    FilterAtlasError,
    WeightsError,
    format_error,
    print_error,
)


def test_line_breaks_become_spaces() -> None:
    assert str(FilterAtlasError("a\nb\r\nc\u2028d\x85e")) == "a b c d e"


@pytest.mark.parametrize(
    ("character", "escaped"),
    [
        ("\x1b", r"\x1b"),
        ("\x07", r"\x07"),
        ("\b", r"\x08"),
        ("\x9b", r"\x9b"),
        ("\u202e", r"\u202e"),
        ("\u2066", r"\u2066"),
        ("\U000e0041", r"\U000e0041"),
        ("\udcff", r"\udcff"),
    ],
    ids=ascii,
)
def test_characters_that_a_terminal_obeys_are_escaped_wherever_errors_come_from(
    character: str, escaped: str
) -> None:
    name = f"{character}[2J für 図"

    for error in (
        FilterAtlasError(name),
        WeightsError(name, "remedy"),
        OSError(name),
        OSError(errno.ENOENT, "gone", name),
        MemoryError(name),
    ):
        assert f"{escaped}[2J für 図" in format_error(error)
        assert format_error(error).isprintable()


def test_an_error_about_weights_has_a_remedy() -> None:
    assert str(WeightsError("a.h5: damaged", "fetch it again")) == "a.h5: damaged; fetch it again"


def test_an_error_about_a_classifier_has_its_own_remedy() -> None:
    error = WeightsError("a; b.h5: damaged (this; and that)", "fetch it again; or not")

    classifier_error = ClassifierError.from_weights_error(error, "give another one")

    assert str(classifier_error) == "a; b.h5: damaged (this; and that); give another one"


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.ENOSPC, "a b.png: No space left on device; free some space and run again"),
        (errno.EROFS, "a b.png: Read-only file system; fix its permissions, or run in a folder"),
        (errno.EMFILE, "a b.png: Too many open files; raise the limit of open files (ulimit -n)"),
        (errno.EISDIR, "a b.png: Is a directory"),
    ],
)
def test_an_error_of_the_system_names_the_file_and_the_remedy(number: int, line: str) -> None:
    assert format_error(OSError(number, os.strerror(number), "a b.png")).startswith(line)


def test_errors_without_a_file_keep_their_message() -> None:
    assert format_error(OSError("the line\nis dead")) == "the line is dead"
    assert format_error(FilterAtlasError("no such thing")) == "no such thing"


def test_a_lack_of_memory_has_a_remedy() -> None:
    assert format_error(MemoryError("vgg16.h5")).startswith(
        "out of memory (vgg16.h5); end other programs"
    )


class FullDisk(io.StringIO):
    """A log that cannot be written."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_goes_to_the_terminal_if_the_log_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", FullDisk())
    monkeypatch.setattr(sys, "__stderr__", FullDisk())
    monkeypatch.setattr(sys, "__stdout__", terminal)

    print_error("no space")

    assert terminal.getvalue() == "Error: no space\n"
