"""Zip archives are read into memory, never unpacked, and never beyond their declared size."""

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from filter_atlas.base.errors import WeightsError
from filter_atlas.readers import hdf5, zip_archive
from filter_atlas.weights import formats


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with one member of a million zeros."""
    path = tmp_path / "folder" / "weights.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(1_000_000))
    return path


def test_members_are_listed_and_read(path: Path) -> None:
    assert zip_archive.member_names(path, "weights.zip") == ["zeros"]
    assert zip_archive.read_member(path, "zeros", "weights.zip") == bytes(1_000_000)


def test_a_missing_member_is_named(path: Path) -> None:
    with pytest.raises(WeightsError, match=r"weights\.zip: a zip without ones; fetch or save"):
        zip_archive.read_member(path, "ones", "weights.zip")


def test_a_member_that_declares_an_absurd_size_is_not_read(path: Path) -> None:
    with pytest.raises(WeightsError, match=r"zeros declares 1000000 bytes, more than the 999999"):
        zip_archive.read_member(path, "zeros", "weights.zip", largest=999_999)


def test_a_member_that_would_expand_without_measure_is_not_read(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", bytes(2**26 + 1))
    stored = zipfile.ZipFile(path).getinfo("bomb").compress_size
    tracemalloc.start()

    for declared in (stored, 2**26):  # an archive can claim that a member is hardly compressed
        content = path.read_bytes()
        sizes = stored.to_bytes(4, "little") + (2**26 + 1).to_bytes(4, "little")
        path.write_bytes(content.replace(sizes, declared.to_bytes(4, "little") + sizes[4:]))
        with pytest.raises(WeightsError, match=r"bomb declares 67108865 bytes, more than \d+ comp"):
            zip_archive.read_member(path, "bomb", "weights.zip")

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_member_of_another_kind_is_refused_by_its_first_bytes(path: Path) -> None:
    tracemalloc.start()

    with pytest.raises(WeightsError, match=r"zeros is of another kind \(it begins with b'\\x00"):
        zip_archive.read_member(path, "zeros", "weights.zip", signature=hdf5.SIGNATURE)

    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()


def test_a_member_holds_no_more_than_it_declares(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace((1_000_000).to_bytes(4, "little"), bytes([100, 0, 0, 0])))

    with pytest.raises(WeightsError, match=r"weights\.zip: truncated or damaged zip \(Bad CRC"):
        zip_archive.read_member(path, "zeros", "weights.zip")


@pytest.mark.parametrize("method", [99, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_data_that_cannot_be_decompressed_is_reported_as_damage(path: Path, method: int) -> None:
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[8:10] = content[directory + 10 : directory + 12] = method.to_bytes(2, "little")
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"weights\.zip: truncated or damaged zip"):
        zip_archive.read_member(path, "zeros", "weights.zip")


def test_an_encrypted_member_is_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="password required"):
        zip_archive.read_member(path, "zeros", "weights.zip")


@pytest.mark.parametrize("name", ["../out.onnx", "{folder}/out.onnx", "a/../../out.onnx"])
def test_a_member_whose_name_leads_out_of_the_archive_is_never_written(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with zipfile.ZipFile(folder / "slip.whl", "w") as file:
        file.writestr(name.format(folder=tmp_path), b"\x08\x07")

    with pytest.raises(WeightsError, match=r"out\.onnx: block1_conv1/kernel is missing"):
        formats.read_weights(folder / "slip.whl")

    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "slip.whl"]
