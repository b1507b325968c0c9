"""Thumbnails: made once, and again only where their picture has changed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filter_atlas.base.errors import ResultsError
from filter_atlas.site.output_folder import SiteFolder
from filter_atlas.site.thumbnails import (
    KIND,
    MANIFEST,
    Thumbnail,
    ThumbnailRequest,
    Thumbnails,
    address,
)


def paint(path: Path, colour: str, size: tuple[int, int] = (256, 256)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def make(root: Path, source: Path) -> Thumbnail:
    thumbnails = Thumbnails(SiteFolder(root / "site"))
    [thumbnail] = thumbnails.make([ThumbnailRequest("a", source, "A picture")])
    thumbnails.close()
    return thumbnail


def test_a_thumbnail_is_a_small_picture_that_knows_its_source(tmp_path: Path) -> None:
    source = paint(tmp_path / "a.png", "red")

    thumbnail = make(tmp_path, source)

    with Image.open(tmp_path / "site" / address("a")) as image:
        assert (image.format, image.size) == (KIND.upper(), (128, 128))
    assert (thumbnail.image.width, thumbnail.image.height, thumbnail.image.alt) == (
        128,
        128,
        "A picture",
    )
    assert thumbnail.colour == "red"
    assert thumbnail.digest == hashlib.sha256(source.read_bytes()).hexdigest()


def test_a_pattern_of_colours_only_is_kept(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = (120, 0, 0)
    stripes[:, 1::2] = (0, 61, 0)  # of equal brightness: only the colours differ
    source = tmp_path / "stripes.png"
    Image.fromarray(stripes).save(source)

    thumbnail = make(tmp_path, source)

    with Image.open(tmp_path / "site" / thumbnail.image.url) as image:
        shown = np.asarray(image.convert("RGB"), np.float32)
    assert np.abs(shown - stripes).mean() < 5


def test_pictures_side_by_side_keep_their_shape_and_small_ones_their_size(tmp_path: Path) -> None:
    wide = make(tmp_path, paint(tmp_path / "wide.png", "red", (1024, 256)))
    assert (wide.image.width, wide.image.height) == (512, 128)
    small = make(tmp_path, paint(tmp_path / "small.png", "red", (32, 32)))
    assert (small.image.width, small.image.height) == (32, 32)


def test_a_thumbnail_whose_picture_is_the_same_is_kept(tmp_path: Path) -> None:
    source = paint(tmp_path / "a.png", "red")
    first = make(tmp_path, source)
    made = tmp_path / "site" / address("a")
    made.write_bytes(b"a mark")

    assert make(tmp_path, source) == first
    assert made.read_bytes() == b"a mark"


@pytest.mark.parametrize("change", ["picture", "thumbnail", "manifest", "damage"])
def test_a_thumbnail_is_made_again_if_anything_has_changed(tmp_path: Path, change: str) -> None:
    source = paint(tmp_path / "a.png", "red")
    make(tmp_path, source)
    made, manifest = tmp_path / "site" / address("a"), tmp_path / "site" / MANIFEST
    made.write_bytes(b"a mark")
    if change == "picture":
        paint(source, "blue")
    elif change == "thumbnail":
        made.unlink()
    elif change == "manifest":
        entry = json.loads(manifest.read_text())[address("a")]
        entry[1] = "another way"
        manifest.write_text(json.dumps({address("a"): entry}))
    else:
        manifest.write_text("no JSON")

    make(tmp_path, source)

    with Image.open(made) as image:
        assert image.format == KIND.upper()


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"no picture")

    with pytest.raises(ResultsError, match=r"a\.png: a damaged picture .* delete it and run again"):
        make(tmp_path, source)
