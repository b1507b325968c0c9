"""A still mosaic of a layer: at each cell the picture of the filter that fires most there."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from filter_atlas.views.record import LayerCells

CELL = 48
"""Side of a cell, in pixels."""

SMALLEST = 0.25
"""Side of the picture of a filter that hardly fires, as a share of the cell's side."""

COLUMNS = 4
"""Number of pictures side by side on a sheet."""

SHOWN = 336
"""Side of a picture on a sheet, in pixels."""

LABEL, GAP = 24, 8
"""Height of a name, and the space between pictures, in pixels."""

GROUND = (128, 128, 128)
"""Colour between the pictures: mid-grey, the mean of most pictures of filters."""


def mosaic(layer: LayerCells, picture: Callable[[int], np.ndarray]) -> np.ndarray:
    """Draw the filter that fires most at each shown cell, the larger the greater its share.

    The area of a picture is proportional to the share; it fills its cell where the share is the
    greatest in the layer. A cell at which no filter fires is empty. Of the picture, the middle is
    drawn: what a cell sees, at least `CELL` pixels.

    Args:
        layer: the filters.
        picture: the picture of a filter of the layer, (height, width, 3) uint8, RGB.

    Returns:
        (rows · CELL, columns · CELL, 3) uint8, RGB.
    """
    rows, columns = layer.shown
    canvas = Image.new("RGB", (columns * CELL, rows * CELL), GROUND)
    first = {place: cell[0] for place, cell in enumerate(layer.strongest) if cell}
    middles = {
        index: middle(picture(index), layer.field) for index in {one[0] for one in first.values()}
    }
    greatest = max((share for _, _, share, *_ in first.values()), default=1)
    for place, (index, _, share, *_) in first.items():
        side = round(CELL * max(SMALLEST, math.sqrt(share / greatest)))
        drawn = middles[index].resize((side, side), Image.Resampling.LANCZOS)
        row, column = divmod(place, columns)
        gap = (CELL - side) // 2
        canvas.paste(drawn, (column * CELL + gap, row * CELL + gap))
    return np.asarray(canvas)


def middle(pixels: np.ndarray, field: int | None) -> Image.Image:
    """The middle square of a filter's picture that a cell sees, at least `CELL` pixels."""
    height, width, _ = pixels.shape
    side = min(height, width, max(CELL, field or height))
    left, top = (width - side) // 2, (height - side) // 2
    return Image.fromarray(pixels).crop((left, top, left + side, top + side))


def sheet(square: np.ndarray, mosaics: Mapping[str, np.ndarray]) -> np.ndarray:
    """A photograph and the mosaics of its layers on one sheet, each below its name.

    Args:
        square: (size, size, 3) uint8, RGB, what the network saw.
        mosaics: the mosaics by the name of their layer.

    Returns:
        (height, width, 3) uint8, RGB.
    """
    shown = {"photograph": square, **mosaics}
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    font = ImageFont.load_default(LABEL * 2 // 3)
    canvas = Image.new("RGB", (columns * (SHOWN + GAP) - GAP, rows * (SHOWN + LABEL)), "white")
    draw = ImageDraw.Draw(canvas)
    for place, (name, pixels) in enumerate(shown.items()):
        left, top = place % columns * (SHOWN + GAP), place // columns * (SHOWN + LABEL)
        draw.text((left, top + LABEL // 2), name, "black", font, anchor="lm")
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        canvas.paste(picture.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS), (left, top + LABEL))
    return np.asarray(canvas)
