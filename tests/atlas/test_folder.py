"""The folder of a site: unchanged files stay, stale ones go."""

import errno
import os
from pathlib import Path

import pytest

from filter_atlas.atlas.folder import SiteFolder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.png"
    path.write_bytes(b"a picture")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "site"


def inode(path: Path) -> int:
    return path.stat().st_ino


def refuse_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise OSError(errno.EXDEV, "cross-device link")

    monkeypatch.setattr(os, "link", refuse)


def test_a_file_is_written_with_its_folders(root: Path) -> None:
    SiteFolder(root).write("layers/one.html", b"page")
    assert (root / "layers/one.html").read_bytes() == b"page"


def test_a_file_whose_bytes_are_the_same_is_not_written_again(root: Path) -> None:
    SiteFolder(root).write("index.html", b"page")
    before = inode(root / "index.html")
    SiteFolder(root).write("index.html", b"page")
    assert inode(root / "index.html") == before


def test_a_file_whose_bytes_differ_is_replaced(root: Path) -> None:
    SiteFolder(root).write("index.html", b"page")
    SiteFolder(root).write("index.html", b"new page")
    assert (root / "index.html").read_bytes() == b"new page"


def test_what_was_written_reaches_the_disk_in_one_go(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []
    monkeypatch.setattr(os, "sync", lambda: there.append(len(list(root.glob("*.html")))))
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("a wait for a single file"))
    site = SiteFolder(root)
    for name in ("1.html", "2.html"):
        site.write(name, b"page")
    site.settle()
    site.write("2.html", b"page")
    site.settle()
    assert there == [2], "and nothing waits where nothing was written"


def test_a_link_takes_no_room_of_its_own(root: Path, source: Path) -> None:
    SiteFolder(root).link("pictures/1.png", source)
    assert (root / "pictures/1.png").samefile(source)


def test_a_link_to_a_symbolic_link_holds_the_picture_itself(root: Path, source: Path) -> None:
    alias = source.with_name("alias.png")
    alias.symlink_to(source.name)
    SiteFolder(root).link("pictures/1.png", alias)
    assert not (root / "pictures/1.png").is_symlink()
    assert (root / "pictures/1.png").samefile(source)


def test_a_link_follows_a_source_that_was_made_anew(root: Path, source: Path) -> None:
    SiteFolder(root).link("pictures/1.png", source)
    source.unlink()
    source.write_bytes(b"another one")
    SiteFolder(root).link("pictures/1.png", source)
    assert (root / "pictures/1.png").read_bytes() == b"another one"
    assert [path.name for path in (root / "pictures").iterdir()] == ["1.png"]


def test_where_links_are_refused_the_file_is_copied(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_hard_links(monkeypatch)
    SiteFolder(root).link("pictures/1.png", source)
    assert (root / "pictures/1.png").read_bytes() == b"a picture"
    assert not (root / "pictures/1.png").samefile(source)


def test_a_copy_that_is_still_right_is_left_alone(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_hard_links(monkeypatch)
    SiteFolder(root).link("pictures/1.png", source)
    before = inode(root / "pictures/1.png")
    SiteFolder(root).link("pictures/1.png", source)
    assert inode(root / "pictures/1.png") == before


def test_sweeping_removes_files_and_folders_that_were_not_placed(root: Path) -> None:
    before = SiteFolder(root)
    before.write("pictures/old/1.png", b"1")
    before.write("pictures/kept/1.png", b"1")
    before.write("pictures/kept/2.png", b"2")
    after = SiteFolder(root)
    after.write("pictures/kept/1.png", b"1")
    after.sweep()
    assert [path.name for path in (root / "pictures").rglob("*")] == ["kept", "1.png"]


def test_sweeping_leaves_what_someone_put_beside_the_site(root: Path) -> None:
    site = SiteFolder(root)
    site.write("pictures/1.png", b"1")
    site.write("index.html", b"page")
    (root / "CNAME").write_text("atlas.example")
    (root / "notes").mkdir()
    (root / "notes/mine.txt").write_text("mine")
    site.sweep()
    assert (root / "CNAME").exists()
    assert (root / "notes/mine.txt").exists()
