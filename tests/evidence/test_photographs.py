"""Photographs are found by their content, and what cannot be read is left out with a word."""

import json
import os
import shutil
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filter_atlas.base.errors import PhotoError
from filter_atlas.evidence import photographs
from filter_atlas.evidence.photographs import (
    FoundPhotographs,
    chunks,
    find_photographs,
    from_facts,
    is_in_chunk,
    to_facts,
)
from filter_atlas.readers.photograph import identify_photograph
from filter_atlas.settings.photos import PhotoSettings
from runs import write_photographs

DIGESTS = st.sets(st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"), max_size=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three photographs."""
    return write_photographs(tmp_path / "mine", 3)


def find(*folders: Path | str, cache: Path | None = None) -> FoundPhotographs:
    cache = cache or Path(folders[0]).parent / "cache"
    return find_photographs(PhotoSettings(folders=tuple(map(str, folders))), cache)


def test_any_format_in_any_folder_is_found_whatever_its_name_ends_with(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "0.jpg").rename(folder / "below" / "no suffix")
    Image.new("LA", (40, 40), (9, 99)).save(folder / "grey.PNG", "PNG")
    Image.new("CMYK", (40, 40), "red").save(folder / "cmyk.webp.jpg", "JPEG")
    Image.new("RGBA", (40, 40), "blue").save(folder / "a.txt", "WEBP")

    found = find(folder)

    names = {photograph.name for photograph in found.photographs}
    assert names == {"below/no suffix", "1.jpg", "2.jpg", "grey.PNG", "cmyk.webp.jpg", "a.txt"}
    assert found.left_out == ()
    assert found.warning is None


def test_equal_bytes_are_one_photograph_and_the_order_is_that_of_digests(folder: Path) -> None:
    shutil.copy(folder / "0.jpg", folder / "copy.jpg")
    shutil.copytree(folder, folder.parent / "other")

    found = find(folder, folder.parent / "other", "sample")

    digests = [photograph.digest for photograph in found.photographs]
    assert digests == sorted(set(digests))
    assert {photograph.name for photograph in found.photographs} >= {"0.jpg", "1.jpg", "2.jpg"}
    assert "copy.jpg" not in {photograph.name for photograph in found.photographs}


def test_a_name_that_is_not_text_is_kept_byte_for_byte(folder: Path) -> None:
    name = b"caf\xe9\x1b[31m.jpg"
    os.rename(os.fsencode(folder / "0.jpg"), os.fsencode(folder) + b"/" + name)

    found = from_facts(json.loads(json.dumps(to_facts(find(folder))).encode("utf-8")))

    [odd] = [photograph for photograph in found.photographs if "caf" in photograph.name]
    assert odd.name == r"caf\udce9\x1b[31m.jpg"
    assert os.fsencode(odd.path).endswith(name)
    assert odd.path.exists()


def test_what_cannot_be_read_is_counted_named_and_left_out(folder: Path) -> None:
    (folder / "notes.txt").write_text("not a photograph")
    (folder / "empty.jpg").touch()
    (folder / "gone.jpg").symlink_to(folder / "nowhere")
    (folder / ".hidden").write_text("skipped without a word")
    os.mkfifo(folder / "pipe")
    Image.new("RGB", (31, 400)).save(folder / "thin.png")

    found = find(folder)

    assert len(found.photographs) == 3
    assert dict(found.left_out).keys() == {
        "notes.txt", "empty.jpg", "gone.jpg", "pipe", "thin.png"
    }  # fmt: skip
    assert found.warning == (
        "photos: 5 of 8 files cannot be read and are left out: empty.jpg (not a JPEG, PNG or WebP "
        "that can be read; convert it to one of them), gone.jpg (No such file or directory), "
        "notes.txt (not a JPEG, PNG or WebP that can be read; convert it to one of them), "
        "and 2 more"
    )


@pytest.mark.parametrize("damage", ["none", "cut short", "other files"])
def test_a_folder_without_any_photograph_that_can_be_read_is_refused(
    folder: Path, damage: str
) -> None:
    for file in folder.iterdir():
        if damage == "none":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:300] if damage == "cut short" else b"words")

    with pytest.raises(PhotoError, match=f"^config: photos: {folder}: no photograph"):
        find(folder)


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"^config: photos: /nowhere/x: no such folder"):
        find("/nowhere/x", cache=tmp_path)


def test_a_folder_that_has_not_changed_is_only_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in folder.iterdir():
        os.utime(file, (1e9, 1e9))
    before = find(folder)
    identify = mock.Mock(wraps=identify_photograph)
    monkeypatch.setattr(photographs, "identify_photograph", identify)

    assert find(folder) == before
    assert identify.call_count == 0
    shutil.copy(folder / "1.jpg", folder / "0.jpg")
    assert len(find(folder).photographs) == 2
    assert [call.args[0].name for call in identify.call_args_list] == ["0.jpg"]


def test_a_file_that_has_just_been_written_is_read_again(folder: Path) -> None:
    find(folder)
    other = (folder / "1.jpg").read_bytes()
    size = (folder / "0.jpg").stat()
    (folder / "0.jpg").write_bytes(other.ljust(size.st_size, b"\0")[: size.st_size])
    os.utime(folder / "0.jpg", ns=(size.st_atime_ns, size.st_mtime_ns))

    digests = {photograph.digest for photograph in find(folder).photographs}

    assert digests == {p.digest for p in find(folder, cache=folder.parent / "other").photographs}


@given(digests=DIGESTS, most=st.integers(1, 20))
def test_chunks_share_out_every_photograph_once(digests: set[str], most: int) -> None:
    found = chunks(list(digests), most)

    assert sorted(digest for members in found.values() for digest in members) == sorted(digests)
    assert all(0 < len(members) <= most for members in found.values())
    for name, members in found.items():
        assert members == [digest for digest in sorted(digests) if is_in_chunk(digest, name)]


@given(digests=DIGESTS.filter(bool), most=st.integers(1, 20), data=st.data())
def test_a_new_photograph_changes_one_chunk_only(
    digests: set[str], most: int, data: st.DataObject
) -> None:
    new = data.draw(st.sampled_from(sorted(digests)))
    before = chunks(list(digests - {new}), most)

    after = chunks(list(digests), most)

    changed = [name for name, members in before.items() if after.get(name) != members]
    assert len(changed) <= 1
    assert all(is_in_chunk(new, name) for name in changed)
