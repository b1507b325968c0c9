"""The sample has enough photographs, and author, source and licence of each."""

import io
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import sample_photos as maker
from filter_atlas.base.digests import file_digest
from filter_atlas.base.errors import PhotoError
from filter_atlas.base.sample_photos import (
    CATEGORIES,
    COLUMNS,
    FOLDER,
    LICENCES,
    TABLE,
    read_table,
    sample_photos,
)

ROWS = read_table(TABLE)


def test_the_files_of_the_sample_are_those_of_the_table() -> None:
    photos = sample_photos()

    assert [photo.path for photo in photos] == sorted((FOLDER / "sample").iterdir())
    assert {photo.path.name: photo.digest for photo in photos} == {
        photo.path.name: file_digest(photo.path) for photo in photos
    }
    assert len({photo.digest for photo in photos}) == len(photos)


def test_the_sample_is_large_enough_and_small_enough() -> None:
    photos = sample_photos()

    assert len(photos) >= 200
    assert sum(photo.path.stat().st_size for photo in photos) <= 8_000_000
    for photo in photos:
        with Image.open(photo.path) as image:
            assert min(image.size) >= 200, photo.path.name


def test_the_photographs_have_no_metadata() -> None:
    for photo in sample_photos():
        with Image.open(photo.path) as image:
            jfif = {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            assert image.info.keys() <= jfif | {"progressive", "progression"}, photo.path.name


def test_every_category_and_only_allowed_licences_occur() -> None:
    photos = sample_photos()
    allowed = ("public domain", "CC0-", "CC-BY-2", "CC-BY-4", "CC-BY-SA-")

    assert {photo.category for photo in photos} == set(CATEGORIES)
    assert {photo.licence for photo in photos} == set(LICENCES)
    assert all(licence.startswith(allowed) for licence in LICENCES)
    assert all(photo.licence_url == LICENCES[photo.licence] for photo in photos)
    assert all(photo.source.startswith(("http://", "https://")) for photo in photos)


def test_the_project_names_every_licence_of_its_photographs() -> None:
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    expression = tomllib.loads(pyproject.read_text())["project"]["license"]

    assert set(expression.split(" AND ")) == {"MIT", *LICENCES} - {"public domain"}


def test_only_works_that_need_no_attribution_may_lack_an_author() -> None:
    unknown = [photo for photo in sample_photos() if photo.author.startswith("not named")]

    assert {photo.licence for photo in unknown} <= {"public domain", "CC0-1.0"}


def test_the_sample_can_be_made_from_packages_of_one_version() -> None:
    assert {row["package"] for row in ROWS} == maker.PACKAGES.keys()
    assert len({(row["package"], row["path"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda cells: cells[:-1], "line 2 has an empty or missing cell"),
        (lambda cells: [*cells, "x"], "line 2 has an empty or missing cell"),
        (lambda cells: [cells[0], " ", *cells[2:]], "line 2 has an empty or missing cell"),
        (lambda cells: [*cells[:4], "GPL-2.0", *cells[5:]], "line 2 has an unknown licence"),
        (lambda cells: [*cells[:5], "faces", *cells[6:]], "line 2 has an unknown category"),
    ],
    ids=["short", "long", "empty", "licence", "category"],
)
def test_a_damaged_line_is_refused(
    change: Callable[[list[str]], list[str]], problem: str, tmp_path: Path
) -> None:
    table = tmp_path / "sample.tsv"
    lines = [list(COLUMNS), change(list(ROWS[0].values()))]
    table.write_text("".join("\t".join(line) + "\n" for line in lines))

    with pytest.raises(PhotoError, match=rf"{problem}\); install Filter Atlas again"):
        read_table(table)


@pytest.mark.parametrize("data", [b"", b"file\ttitle\n", b"\xff\xfe"])
def test_a_file_that_is_no_table_is_refused(data: bytes, tmp_path: Path) -> None:
    table = tmp_path / "sample.tsv"
    table.write_bytes(data)

    with pytest.raises(PhotoError, match="damaged table of sample photographs"):
        read_table(table)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"sample\.tsv: .*No such file"):
        read_table(tmp_path / "sample.tsv")


# --- docs/sample_photos.py ---


def test_a_source_is_scaled_down_and_never_up() -> None:
    for size, scaled in (((1024, 512), (512, 256)), ((300, 900), (256, 768)), ((320, 214), None)):
        data, changes = maker.photograph(_png(Image.new("RGB", size)))

        assert Image.open(io.BytesIO(data)).size == (scaled or size)
        assert ("scaled" in changes) == (scaled is not None)


def test_a_source_loses_its_metadata_and_its_transparency() -> None:
    image = Image.new("RGBA", (300, 280), (255, 0, 0, 0))
    exif = Image.Exif()
    exif[0x010E] = "secret"

    data, changes = maker.photograph(_png(image, exif=exif))

    result = Image.open(io.BytesIO(data))
    assert b"secret" not in data
    assert not result.getexif()
    assert result.getpixel((0, 0)) == (255, 255, 255)
    assert changes.startswith("laid on white, scaled from 300×280 pixels, saved as JPEG")


def test_what_is_no_qt_resource_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no Qt resource file"):
        dict(maker.qt_resources(bytes(20)))


def _png(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()
