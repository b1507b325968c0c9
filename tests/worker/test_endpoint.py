"""The folder where clients meet their worker."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base.errors import WorkerError
from filter_atlas.worker.endpoint import WorkerEndpoint, remove_stale


def test_an_endpoint_and_the_folder_above_it_are_open_to_their_user_alone(temporary: Path) -> None:
    endpoint = WorkerEndpoint.for_identity("w")

    endpoint.create()

    folder = Path(endpoint.folder)
    assert folder.parent.parent == temporary
    for one in (folder, folder.parent):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700


def test_creating_an_endpoint_again_changes_nothing(endpoint: WorkerEndpoint) -> None:
    endpoint.create()
    Path(endpoint.key).touch()

    endpoint.create()

    assert os.listdir(endpoint.folder) == ["key"]


@pytest.mark.parametrize("inner", [True, False])
def test_a_folder_that_others_can_open_is_refused(endpoint: WorkerEndpoint, inner: bool) -> None:
    endpoint.create()
    folder = Path(endpoint.folder) if inner else Path(endpoint.folder).parent
    folder.chmod(0o750)

    with pytest.raises(WorkerError, match=f"^{folder}: must be a folder that only you can open"):
        endpoint.create()


def test_a_folder_of_another_user_is_refused(
    endpoint: WorkerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.create()
    myself = os.getuid()

    monkeypatch.setattr(os, "getuid", lambda: myself + 1)

    with pytest.raises(WorkerError, match="remove it, or set TMPDIR to a folder of your own"):
        endpoint.create()


def test_a_file_is_refused(endpoint: WorkerEndpoint) -> None:
    endpoint.create()
    os.rmdir(endpoint.folder)
    Path(endpoint.folder).touch(0o600)

    with pytest.raises(WorkerError, match="must be a folder that only you can open"):
        endpoint.create()


def test_a_link_to_a_folder_is_refused(endpoint: WorkerEndpoint, temporary: Path) -> None:
    endpoint.create()
    Path(endpoint.folder).rename(temporary / "elsewhere")
    Path(endpoint.folder).symlink_to(temporary / "elsewhere")

    with pytest.raises(WorkerError, match="must be a folder that only you can open"):
        endpoint.create()


@pytest.mark.parametrize("useless", ["/tmp/" + "x" * 60, "/tmp/" + "ü" * 30, "/no/such/folder", ""])
def test_without_a_usable_tmpdir_endpoints_are_in_tmp(
    useless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if len(useless) > 20:
        monkeypatch.setattr(os.path, "isdir", lambda folder: True)
    monkeypatch.setenv("TMPDIR", useless)

    endpoint = WorkerEndpoint.for_identity("w")

    assert Path(endpoint.folder).parent == Path(f"/tmp/filter-atlas-{os.getuid()}")


def test_the_path_of_a_socket_is_short_enough_in_the_longest_tmpdir_and_for_the_last_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    longest = "/" + "x" * 49
    monkeypatch.setattr(os.path, "isdir", lambda folder: True)
    monkeypatch.setattr(os, "getuid", lambda: 2**32 - 2)
    monkeypatch.setenv("TMPDIR", longest)

    path = WorkerEndpoint.for_identity("w").socket

    assert path.startswith(longest)
    assert len(os.fsencode(path)) < 100


def test_different_identities_have_different_endpoints(temporary: Path) -> None:
    identities = [("a", "b"), ("a", "c"), ("ab", ""), ("a", "b", "")]

    folders = {WorkerEndpoint.for_identity(*identity).folder for identity in identities}

    assert len(folders) == len(identities)
    assert WorkerEndpoint.for_identity("a", "b").folder in folders


def test_an_endpoint_that_vanishes_while_it_is_created_is_created_again(
    endpoint: WorkerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.create()
    make = os.mkdir

    def make_as_it_vanishes(folder: str, mode: int) -> None:
        try:
            make(folder, mode)
        except FileExistsError:
            if folder == endpoint.folder:
                monkeypatch.setattr(os, "mkdir", make)
                os.rmdir(folder)
            raise

    monkeypatch.setattr(os, "mkdir", make_as_it_vanishes)

    endpoint.create()

    assert os.path.isdir(endpoint.folder)


def test_removing_an_endpoint_spares_the_client_that_comes_as_soon_as_the_lock_is_gone(
    endpoint: WorkerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.create()
    for path in (endpoint.lock, endpoint.key, endpoint.socket, endpoint.log):
        Path(path).touch()
    unlink = os.unlink

    def unlink_as_a_client_comes(path: str, **others: Any) -> None:
        unlink(path, **others)
        if path == endpoint.lock:
            Path(endpoint.lock).touch()
            Path(endpoint.key).touch()

    monkeypatch.setattr(os, "unlink", unlink_as_a_client_comes)

    endpoint.remove()

    assert sorted(os.listdir(endpoint.folder)) == ["key", "lock"]


def test_endpoints_without_a_worker_are_removed(temporary: Path) -> None:
    remove_stale()  # nothing there yet
    left, new = WorkerEndpoint.for_identity("left"), WorkerEndpoint.for_identity("new")
    for endpoint in (left, new):
        endpoint.create()
        Path(endpoint.key).touch()
    Path(left.lock).touch()

    remove_stale()

    assert not os.path.exists(left.folder)
    assert os.path.exists(new.folder)
