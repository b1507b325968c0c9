"""A file is complete, or it does not exist."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from filter_atlas.base.atomic_files import is_left_behind, write_atomically

FULL_DISK = """
import resource, sys
from filter_atlas.base.atomic_files import write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], bytes(5000))
except OSError as error:
    print(type(error).__name__, error.filename)
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An older file with the same name."""
    path = tmp_path / "record.json"
    path.write_bytes(b"old")
    return path


def test_written_bytes_are_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_replaces_an_older_one(old: Path) -> None:
    write_atomically(str(old), b"new")

    assert old.read_bytes() == b"new"
    assert list(old.parent.iterdir()) == [old]


def test_the_bytes_are_on_the_disk_before_the_file_has_its_name(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    seen: list[bytes] = []
    replace = os.replace

    def watch(temporary: str, path: str) -> None:
        assert os.stat(temporary).st_ino in synced
        seen.extend([Path(temporary).read_bytes(), old.read_bytes()])
        replace(temporary, path)

    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    monkeypatch.setattr(os, "replace", watch)

    write_atomically(old, b"new")

    assert seen == [b"new", b"old"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError("no space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    old: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(os, step, fail)

    with pytest.raises(type(failure)):
        write_atomically(old, b"new")

    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(old: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, old], capture_output=True, text=True, check=True
    )

    assert run.stdout == f"OSError {old}\n"
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "absent" / "record.json", b"new")


def test_only_temporary_files_of_dead_writers_count_as_left_behind() -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()

    left = {
        name
        for name in (
            f"7.png.{dead.pid}.part",
            f"7.png.{os.getpid()}.part",
            "7.png.1.part",
            f"7.png.{10**30}.part",
            "7.png.part",
            "7.part",
            "part",
            "7.png",
        )
        if is_left_behind(name)
    }

    assert left == {f"7.png.{dead.pid}.part", f"7.png.{10**30}.part"}
