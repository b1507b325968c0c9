"""The folder of a site: unchanged files stay, stale ones are removed."""

import errno
import os
from pathlib import Path

import pytest

from filter_atlas.site.output_folder import CONTENTS, SiteFolder


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


def test_all_files_are_flushed_to_the_disk_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []
    monkeypatch.setattr(os, "sync", lambda: there.append(len(list(root.glob("*.html")))))
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("a wait for a single file"))
    site = SiteFolder(root)
    for name in ("1.html", "2.html"):
        site.write(name, b"page")
    site.flush()
    site.write("2.html", b"page")
    site.flush()
    assert there == [2], "nothing was written, so there is nothing to wait for"


def test_a_link_is_a_hard_link(root: Path, source: Path) -> None:
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


def test_a_copy_with_the_same_bytes_is_not_made_again(
    root: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_hard_links(monkeypatch)
    SiteFolder(root).link("pictures/1.png", source)
    before = inode(root / "pictures/1.png")
    SiteFolder(root).link("pictures/1.png", source)
    assert inode(root / "pictures/1.png") == before


# --- stale files ---


def build(root: Path, *names: str) -> None:
    """Build a site of these files."""
    site = SiteFolder(root)
    for name in names:
        site.write(name, b"1")
    site.remove_stale()


def left(root: Path) -> set[str]:
    """All files in the folder of a site, without the list of its contents."""
    names = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    return names - {CONTENTS}


def test_files_and_folders_that_are_not_placed_again_are_removed(root: Path) -> None:
    build(root, "pictures/old/1.png", "pictures/kept/1.png", "pictures/kept/2.png")
    build(root, "pictures/kept/1.png")

    assert left(root) == {"pictures/kept/1.png"}
    assert not (root / "pictures/old").exists()


def test_a_folder_and_a_page_of_an_earlier_build_are_removed(root: Path) -> None:
    build(root, "index.html", "dreams.html", "dreams/deep.png")
    build(root, "index.html")

    assert left(root) == {"index.html"}
    assert not (root / "dreams").exists()


def test_what_an_interrupted_build_left_in_a_folder_of_the_site_is_removed(root: Path) -> None:
    SiteFolder(root).write("pictures/1.png.17.part", b"1")
    build(root, "pictures/1.png")

    assert left(root) == {"pictures/1.png"}


def test_files_that_someone_put_beside_the_site_stay(root: Path) -> None:
    build(root, "index.html", "dreams.html", "pictures/1.png")
    (root / "CNAME").write_text("atlas.example")
    (root / "mine.html").write_text("mine")
    (root / "notes").mkdir()
    (root / "notes/mine.txt").write_text("mine")
    build(root, "index.html")

    assert left(root) == {"index.html", "CNAME", "mine.html", "notes/mine.txt"}


@pytest.mark.parametrize("contents", ["", "no JSON", "{}", "3", '["..", "../beside", ".", "", 3]'])
def test_a_damaged_list_of_contents_removes_no_file_of_somebody_else(
    root: Path, contents: str
) -> None:
    build(root, "index.html")
    (root.parent / "beside").write_text("mine")
    (root / "mine.txt").write_text("mine")
    (root / CONTENTS).write_text(contents)
    build(root, "index.html")

    assert left(root) == {"index.html", "mine.txt"}
    assert (root.parent / "beside").exists()


def test_the_list_of_contents_is_written_only_when_it_changes(root: Path) -> None:
    build(root, "index.html", "pictures/1.png")
    before = inode(root / CONTENTS)
    build(root, "index.html", "pictures/2.png")
    assert inode(root / CONTENTS) == before
    build(root, "index.html")
    assert inode(root / CONTENTS) != before
