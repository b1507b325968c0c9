"""Patches as pictures."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from filter_atlas.base.png import to_png
from filter_atlas.evidence.record import Box

GAP = 4
"""Pixels between two patches."""


def cut(pixels: np.ndarray, box: Box | None, field: int, side: int) -> np.ndarray:
    """A patch of a photograph, enlarged or reduced to a square tile.

    A patch that is clipped at the border of the photograph keeps its scale: the rest of the tile is
    white.

    Args:
        pixels: (height, width, 3) uint8, RGB, the scaled photograph.
        box: left, top, right and bottom; None for the whole photograph.
        field: side of a patch that is not clipped, in pixels.
        side: side of the tile, in pixels.

    Returns:
        (side, side, 3) uint8, RGB.
    """
    image = Image.fromarray(pixels).crop(box or (0, 0, pixels.shape[1], pixels.shape[0]))
    scale = side / (field if box else max(image.size))
    width, height = (max(1, min(side, round(edge * scale))) for edge in image.size)
    tile = Image.new("RGB", (side, side), "white")
    tile.paste(
        image.resize((width, height), Image.Resampling.LANCZOS),
        ((side - width) // 2, (side - height) // 2),
    )
    return np.asarray(tile)


def row(tiles: Sequence[np.ndarray], places: int) -> bytes:
    """Tiles side by side, as the bytes of a PNG; there is white where a place has no tile.

    Args:
        tiles: (side, side, 3) uint8, RGB; not more than there are places.
        places: number of places.
    """
    side = tiles[0].shape[0] if tiles else 1
    canvas = np.full((side, places * (side + GAP) - GAP, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        canvas[:, place * (side + GAP) : place * (side + GAP) + side] = tile
    return to_png(canvas, {})
