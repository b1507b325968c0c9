"""The folder in which clients meet their worker."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.errors import WorkerError
from filter_atlas.worker.home import Home, sweep


def test_a_home_and_the_folder_above_it_are_open_to_their_user_alone(temporary: Path) -> None:
    home = Home.of("w")

    home.create()

    folder = Path(home.folder)
    assert folder.parent.parent == temporary
    for one in (folder, folder.parent):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700


def test_creating_a_home_again_changes_nothing(home: Home) -> None:
    home.create()
    Path(home.key).touch()

    home.create()

    assert os.listdir(home.folder) == ["key"]


@pytest.mark.parametrize("inner", [True, False])
def test_a_folder_that_others_can_open_is_refused(home: Home, inner: bool) -> None:
    home.create()
    folder = Path(home.folder) if inner else Path(home.folder).parent
    folder.chmod(0o750)

    with pytest.raises(WorkerError, match=f"^{folder}: must be a folder that only you can open"):
        home.create()


def test_somebody_elses_folder_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.create()
    myself = os.getuid()

    monkeypatch.setattr(os, "getuid", lambda: myself + 1)

    with pytest.raises(WorkerError, match="remove it, or set TMPDIR to a folder of your own"):
        home.create()


def test_a_file_is_refused(home: Home) -> None:
    home.create()
    os.rmdir(home.folder)
    Path(home.folder).touch(0o600)

    with pytest.raises(WorkerError, match="must be a folder that only you can open"):
        home.create()


def test_a_link_to_a_folder_is_refused(home: Home, temporary: Path) -> None:
    home.create()
    Path(home.folder).rename(temporary / "elsewhere")
    Path(home.folder).symlink_to(temporary / "elsewhere")

    with pytest.raises(WorkerError, match="must be a folder that only you can open"):
        home.create()


@pytest.mark.parametrize("useless", ["/tmp/" + "x" * 60, "/tmp/" + "ü" * 30, "/no/such/folder", ""])
def test_without_a_useful_tmpdir_homes_are_in_tmp(
    useless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if len(useless) > 20:
        monkeypatch.setattr(os.path, "isdir", lambda folder: True)
    monkeypatch.setenv("TMPDIR", useless)

    home = Home.of("w")

    assert Path(home.folder).parent == Path(f"/tmp/filter-atlas-{os.getuid()}")


def test_a_sockets_path_is_short_enough_in_the_longest_tmpdir_and_for_the_last_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    longest = "/" + "x" * 49
    monkeypatch.setattr(os.path, "isdir", lambda folder: True)
    monkeypatch.setattr(os, "getuid", lambda: 2**32 - 2)
    monkeypatch.setenv("TMPDIR", longest)

    path = Home.of("w").socket

    assert path.startswith(longest)
    assert len(os.fsencode(path)) < 100


def test_whatever_tells_workers_apart_gives_them_different_homes(temporary: Path) -> None:
    identities = [("a", "b"), ("a", "c"), ("ab", ""), ("a", "b", "")]

    folders = {Home.of(*identity).folder for identity in identities}

    assert len(folders) == len(identities)
    assert Home.of("a", "b").folder in folders


def test_a_home_that_vanishes_while_it_is_made_is_made_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create()
    make = os.mkdir

    def make_as_it_vanishes(folder: str, mode: int) -> None:
        try:
            make(folder, mode)
        except FileExistsError:
            if folder == home.folder:
                monkeypatch.setattr(os, "mkdir", make)
                os.rmdir(folder)
            raise

    monkeypatch.setattr(os, "mkdir", make_as_it_vanishes)

    home.create()

    assert os.path.isdir(home.folder)


def test_removing_a_home_spares_the_client_that_comes_as_soon_as_the_lock_is_gone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create()
    for path in (home.lock, home.key, home.socket, home.log):
        Path(path).touch()
    unlink = os.unlink

    def unlink_as_a_client_comes(path: str, **others: Any) -> None:
        unlink(path, **others)
        if path == home.lock:
            Path(home.lock).touch()
            Path(home.key).touch()

    monkeypatch.setattr(os, "unlink", unlink_as_a_client_comes)

    home.remove()

    assert sorted(os.listdir(home.folder)) == ["key", "lock"]


def test_homes_in_which_nobody_lives_are_swept_away(temporary: Path) -> None:
    sweep()  # nothing there yet
    left, new = Home.of("left"), Home.of("new")
    for home in (left, new):
        home.create()
        Path(home.key).touch()
    Path(left.lock).touch()

    sweep()

    assert not os.path.exists(left.folder)
    assert os.path.exists(new.folder)
