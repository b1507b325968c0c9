"""Sprites: pictures made of parts of other pictures, which pages show as tiles.

A sprite has three columns of square tiles, and below them small maps in grey, such as where in a
picture a filter fires. So one file has all pictures of a filter.
"""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from filter_atlas.base.digests import bytes_digest, value_digest
from filter_atlas.base.errors import ResultsError
from filter_atlas.site.image import Image
from filter_atlas.site.thumbnails import KIND, Thumbnails

SIDE = 64
"""Side of a tile, in pixels."""

PITCH = SIDE + 2
"""Distance of tiles. A browser that scales a sprite mixes pixels at the border of a tile, so each
tile has a transparent border."""

COLUMNS = 3
"""Number of tiles side by side."""

MAPS = 6
"""Number of maps side by side; a map has at most `COLUMNS * PITCH / MAPS` columns."""

ENCODING = {"quality": 60, "subsampling": "4:4:4", "speed": 8, "max_threads": 1}
"""How Pillow encodes sprites. `docs/pictures.md` gives the reasons."""

MADE_BY = f"{KIND} " + " ".join(f"{name} {value}" for name, value in ENCODING.items())

NOTHING = (128, 128, 128, 0)
"""Colour of what no tile covers: transparent, so that it has the colour of the page."""

DECODED = 300
"""Number of decoded pictures that are kept; 300 photographs of 256 pixels have 90 MB."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class SpriteTile:
    """A part of a picture: the picture, and left, top, right and bottom in its pixels.

    The last two are exclusive. Without a box, it is the whole picture.
    """

    source: Path
    box: Box | None


@dataclass(frozen=True)
class SpriteRequest:
    """A sprite to make.

    Attributes:
        url: its address, without a suffix.
        alt: its text.
        tiles: its tiles, row by row; None leaves a place empty.
        maps: its maps, (rows, columns) uint8, all of one shape; None leaves a place empty.
    """

    url: str
    alt: str
    tiles: Sequence[SpriteTile | None]
    maps: Sequence[np.ndarray | None] = ()


class Sprites:
    """Makes the sprites of a site, and keeps those of the last build that are still valid."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        """Sprites whose manifest is that of the thumbnails."""
        self._thumbnails = thumbnails
        self._digest = lru_cache(maxsize=None)(lambda path: bytes_digest(path.read_bytes()))
        self._decoded = lru_cache(maxsize=DECODED)(_decode)

    def make(self, requests: Sequence[SpriteRequest]) -> list[Image]:
        """Make sprites, in the order given.

        Raises:
            ResultsError: a picture is damaged.
            OSError: a picture cannot be read, or a sprite cannot be written.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self._make, requests))

    def _make(self, request: SpriteRequest) -> Image:
        made_of = [
            [tile and [self._digest(tile.source), tile.box] for tile in request.tiles],
            [shown if shown is None else shown.shape for shown in request.maps],
            bytes_digest(b"".join(one.tobytes() for one in request.maps if one is not None)),
        ]
        url = f"{request.url}.{KIND}"
        made_from = [value_digest(made_of), f"{MADE_BY} tiles {SIDE} of {PITCH}"]
        width, height = self._thumbnails.keep_or_make(
            url, made_from, lambda: self._encode(request)
        )[-2:]
        return Image(url, int(width), int(height), request.alt)

    def _encode(self, request: SpriteRequest) -> tuple[bytes, tuple[str, int, int]]:
        """A sprite's file; no colour, its width and height."""
        above = tiles_height(len(request.tiles))
        rows, columns = next((one.shape for one in request.maps if one is not None), (0, 0))
        height = above + -(-len(request.maps) // MAPS) * rows
        sprite = Pillow.new("RGBA", (COLUMNS * PITCH, height), NOTHING)
        for place, tile in enumerate(request.tiles):
            if tile:
                part = fitted(self._decoded(tile.source).crop(tile.box))
                down, across = divmod(place, COLUMNS)
                left = across * PITCH + (PITCH - part.width) // 2
                top = down * PITCH + (PITCH - part.height) // 2
                sprite.paste(part.convert("RGBA"), (left, top))
        for place, shown in enumerate(request.maps):
            if shown is not None:
                sprite.paste(
                    Pillow.fromarray(shown).convert("RGBA"),
                    map_place(place, len(request.tiles), rows, columns),
                )
        file = io.BytesIO()
        sprite.save(file, KIND, **ENCODING)
        return file.getvalue(), ("", sprite.width, sprite.height)


def tiles_height(tiles: int) -> int:
    """Height of so many tiles in a sprite, and of the space below them, in pixels."""
    return -(-tiles // COLUMNS) * PITCH + 2


def map_place(place: int, tiles: int, rows: int, columns: int) -> tuple[int, int]:
    """Left and top of a map in its sprite.

    Args:
        place: its place among the maps.
        tiles: number of tiles, also of empty ones.
        rows, columns: size of a map.
    """
    down, across = divmod(place, MAPS)
    return across * columns, tiles_height(tiles) + down * rows


def fitted(part: Pillow.Image) -> Pillow.Image:
    """A part of a picture, its longer side scaled to `SIDE`; few pixels stay sharp squares."""
    scale = SIDE / max(part.size)
    width, height = (max(1, round(side * scale)) for side in part.size)
    resampling = Pillow.Resampling.NEAREST if scale > 4 else Pillow.Resampling.LANCZOS
    return part.resize((width, height), resampling)


def _decode(path: Path) -> Pillow.Image:
    try:
        with Pillow.open(path) as opened:
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise ResultsError(
            f"{path}: a damaged picture ({error}); delete it and run again"
        ) from error
