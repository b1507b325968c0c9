"""Tiles: made once, and again only where their picture has changed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filter_atlas.atlas.folder import SiteFolder
from filter_atlas.atlas.tiles import LEDGER, Order, Tile, Tiles
from filter_atlas.errors import ResultsError


def paint(path: Path, colour: str, size: tuple[int, int] = (256, 256)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def make(root: Path, source: Path) -> Tile:
    tiles = Tiles(SiteFolder(root / "site"))
    [tile] = tiles.make([Order("tiles/a.avif", source, "A picture")])
    tiles.close()
    return tile


def test_a_tile_is_a_small_picture_that_knows_its_source(tmp_path: Path) -> None:
    source = paint(tmp_path / "a.png", "red")

    tile = make(tmp_path, source)

    with Image.open(tmp_path / "site/tiles/a.avif") as image:
        assert (image.format, image.size) == ("AVIF", (128, 128))
    assert (tile.image.width, tile.image.height, tile.image.alt) == (128, 128, "A picture")
    assert tile.colour == "red"
    assert tile.digest == hashlib.sha256(source.read_bytes()).hexdigest()


def test_a_pattern_that_is_all_in_its_colours_is_kept(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = (120, 0, 0)
    stripes[:, 1::2] = (0, 61, 0)  # as bright, so that only the colours tell them apart
    source = tmp_path / "stripes.png"
    Image.fromarray(stripes).save(source)

    tile = make(tmp_path, source)

    with Image.open(tmp_path / "site" / tile.image.url) as image:
        shown = np.asarray(image.convert("RGB"), np.float32)
    assert np.abs(shown - stripes).mean() < 5


def test_pictures_side_by_side_keep_their_shape_and_small_ones_their_size(tmp_path: Path) -> None:
    wide = make(tmp_path, paint(tmp_path / "wide.png", "red", (1024, 256)))
    assert (wide.image.width, wide.image.height) == (512, 128)
    small = make(tmp_path, paint(tmp_path / "small.png", "red", (32, 32)))
    assert (small.image.width, small.image.height) == (32, 32)


def test_a_tile_whose_picture_is_the_same_is_kept(tmp_path: Path) -> None:
    source = paint(tmp_path / "a.png", "red")
    first = make(tmp_path, source)
    made = tmp_path / "site/tiles/a.avif"
    made.write_bytes(b"a mark")

    assert make(tmp_path, source) == first
    assert made.read_bytes() == b"a mark"


@pytest.mark.parametrize("change", ["picture", "tile", "ledger", "damage"])
def test_a_tile_is_made_again_where_anything_has_changed(tmp_path: Path, change: str) -> None:
    source = paint(tmp_path / "a.png", "red")
    make(tmp_path, source)
    made, ledger = tmp_path / "site/tiles/a.avif", tmp_path / "site" / LEDGER
    made.write_bytes(b"a mark")
    if change == "picture":
        paint(source, "blue")
    elif change == "tile":
        made.unlink()
    elif change == "ledger":
        entry = json.loads(ledger.read_text())["tiles/a.avif"]
        entry[1] = "another way"
        ledger.write_text(json.dumps({"tiles/a.avif": entry}))
    else:
        ledger.write_text("no JSON")

    make(tmp_path, source)

    assert made.read_bytes()[4:12] == b"ftypavif"


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"no picture")

    with pytest.raises(ResultsError, match=r"a\.png: a damaged picture .* delete it and run again"):
        make(tmp_path, source)
