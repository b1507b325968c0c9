"""Sprites: tiles cut from pictures, and maps below them; made again only if these have changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from filter_atlas.base.errors import ResultsError
from filter_atlas.site import sprites
from filter_atlas.site.output_folder import SiteFolder
from filter_atlas.site.sprites import PITCH, SpriteRequest, Sprites, SpriteTile, map_place
from filter_atlas.site.thumbnails import Thumbnails

WHOLE = (0, 0, 40, 20)
RIGHT = (20, 0, 40, 20)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture whose left half is red, and whose right half is blue."""
    halves = np.zeros((20, 40, 3), np.uint8)
    halves[:, :20, 0] = halves[:, 20:, 2] = 255
    path = tmp_path / "picture.png"
    Image.fromarray(halves).save(path)
    return path


def make(root: Path, request: SpriteRequest) -> np.ndarray:
    """Make a sprite: (height, width, 4) uint8."""
    thumbnails = Thumbnails(SiteFolder(root / "site"))
    [image] = Sprites(thumbnails).make([request])
    thumbnails.close()
    with Image.open(root / "site" / image.url) as opened:
        assert opened.size == (image.width, image.height)
        return np.asarray(opened.convert("RGBA"))


def of(*tiles: SpriteTile | None, maps: Sequence[np.ndarray | None] = ()) -> SpriteRequest:
    return SpriteRequest("patches/a/0", "Patches", tiles, maps)


def test_a_tile_shows_its_box_in_its_own_shape(tmp_path: Path, picture: Path) -> None:
    sprite = make(
        tmp_path, of(SpriteTile(picture, RIGHT), None, None, None, SpriteTile(picture, WHOLE))
    )

    assert sprite.shape == (2 * PITCH + 2, 3 * PITCH, 4)
    blue = sprite[4 : PITCH - 4, 4 : PITCH - 4]
    assert blue[..., 2].min() > 230
    assert blue[..., 0].max() < 25
    wide = sprite[PITCH:, PITCH : 2 * PITCH]
    assert wide[PITCH // 2, 6, 0] > 230
    assert wide[PITCH // 2, PITCH - 6, 2] > 230
    assert wide[4, :, 3].max() == 0, "above a wide tile is nothing"
    assert sprite[:PITCH, PITCH:, 3].max() == 0, "an empty place is transparent"


def test_a_map_is_where_pages_look_for_it(tmp_path: Path, picture: Path) -> None:
    bright = np.full((8, 8), 255, np.uint8)
    maps = (None, np.zeros_like(bright), bright)

    sprite = make(tmp_path, of(*[SpriteTile(picture, RIGHT)] * 3, maps=maps))

    left, top = map_place(2, 3, 8, 8)
    assert (left, top) == (16, PITCH + 2)
    assert sprite[top + 2 : top + 6, left + 2 : left + 6, :3].min() > 230
    left, top = map_place(1, 3, 8, 8)
    assert sprite[top + 2 : top + 6, left + 2 : left + 6, :3].max() < 25


def test_a_sprite_is_made_again_only_if_a_picture_a_box_or_a_map_has_changed(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SpriteRequest] = []
    encode = Sprites._encode

    def noted(self: Sprites, request: SpriteRequest) -> Any:
        made.append(request)
        return encode(self, request)

    monkeypatch.setattr(Sprites, "_encode", noted)
    first = of(SpriteTile(picture, RIGHT), maps=(np.zeros((4, 4), np.uint8),))
    other_map = of(SpriteTile(picture, RIGHT), maps=(np.ones((4, 4), np.uint8),))
    other_box = of(SpriteTile(picture, WHOLE), maps=first.maps)

    for request in (first, first, other_map, other_box):
        make(tmp_path, request)
    Image.new("RGB", (40, 20), "green").save(picture)
    for request in (other_box, other_box):
        make(tmp_path, request)

    assert made == [first, other_map, other_box, other_box]


def test_few_pixels_stay_sharp(tmp_path: Path, picture: Path) -> None:
    sprite = make(tmp_path, of(SpriteTile(picture, (19, 0, 21, 2))))

    row = sprite[PITCH // 2, 4 : PITCH - 4]
    assert ((row[:, 0] > 200) | (row[:, 2] > 200)).all()
    assert ((row[:, 0] < 60) | (row[:, 2] < 60)).all(), "no mixed pixel"


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"no picture")

    with pytest.raises(ResultsError, match=r"a\.webp: a damaged picture"):
        make(tmp_path, of(SpriteTile(tmp_path / "a.webp", None)))


def test_a_sprite_of_photographs_of_any_size_has_few_bytes() -> None:
    # 4,224 sprites of 15 tiles and 15 maps must have at most 60 MB: docs/pictures.md.
    assert sprites.COLUMNS * PITCH * sprites.tiles_height(15) < 70_000
