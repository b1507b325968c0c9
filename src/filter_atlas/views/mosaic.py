"""A still mosaic of a layer: at each cell the picture of the filter that fires most there."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from filter_atlas.views.record import LayerCells

CELL = 48
"""Side of a cell, in pixels."""

SMALLEST = 0.3
"""Side of the picture of a filter that hardly fires, as a share of the cell's side."""

GROUND = (128, 128, 128)
"""Colour between the pictures: mid-grey, the mean of most pictures of filters."""


def mosaic(layer: LayerCells, picture: Callable[[int], np.ndarray]) -> np.ndarray:
    """Draw the filter that fires most at each shown cell, the larger the greater its share.

    A picture fills its cell where its share is the greatest in the layer. A cell at which no filter
    fires is empty. Of the picture, the middle is drawn: what a cell sees, at least `CELL` pixels.

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
        side = round(CELL * (SMALLEST + (1 - SMALLEST) * share / greatest))
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
