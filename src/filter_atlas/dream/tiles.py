"""Tiles: parts of a large picture, for computing its gradient part by part.

The tiles lie side by side. The network sees each tile in a window with a margin on every side.
Beyond the picture's border it sees the picture mirrored, because black or the opposite side would
make an edge. Google's notebook, the source of the tiles, rolls the picture instead, and has no
margin.
"""

from dataclasses import dataclass

import numpy as np

from filter_atlas.base.vgg16_spec import LAYERS

CELL = 1 << LAYERS[-1].pools_before
"""Stride of VGG16's deepest layer, in pixels. Every window starts on a grid of such cells, so that
a cell of any layer has the same position in all windows that show it."""

MARGIN = 32
"""Minimum margin of a window around its tile, in pixels. For layers up to block3_conv2, whose
receptive field fits into the margin, gradients by tiles are exact."""


@dataclass(frozen=True)
class Span:
    """A tile along one side of the picture, in pixels.

    Attributes:
        start: first pixel of the tile.
        stop: pixel after the last one of the tile.
        low: first pixel of the tile's window; it can lie outside of the picture.
        high: pixel after the last one of the window.
    """

    start: int
    stop: int
    low: int
    high: int

    @property
    def tile(self) -> slice:
        """The tile's pixels in the picture."""
        return slice(self.start, self.stop)

    @property
    def in_window(self) -> slice:
        """The tile's pixels in its window."""
        return slice(self.start - self.low, self.stop - self.low)

    def cells(self, count: int) -> slice:
        """The tile's cells among the `count` cells of its window.

        Each cell belongs to one tile. Boundaries between tiles are boundaries between cells, unless
        the network resizes windows.
        """
        window = self.high - self.low
        first, last = self.start - self.low, self.stop - self.low
        return slice(first * count // window, -(-last * count // window))


def spans(length: int, tile: int, offset: int, cell: int = CELL) -> list[Span]:
    """Cut one side of a picture into tiles.

    Args:
        length: length of the side, in pixels.
        tile: side of a tile, a multiple of `cell`. A picture of this length or less is not cut.
        offset: shift of the grid of tiles, in pixels; a picture that is not cut has the grid of
            cells shifted instead.
        cell: side of the cells on whose grid windows start.
    """
    margin = -(-MARGIN // cell) * cell
    if length <= tile:
        tile = length + cell
        first = -(offset % cell)
    else:
        first = -(offset % tile)
    found = []
    for position in range(first, length, tile):
        start, stop = max(position, 0), min(position + tile, length)
        low = start - (start - first) % cell - margin
        high = low - (low - stop - margin) // cell * cell
        found.append(Span(start, stop, low, high))
    return found


def window(picture: np.ndarray, rows: Span, columns: Span) -> np.ndarray:
    """The window of one tile of a picture.

    Args:
        picture: (height, width, 3).
        rows: the tile along the height.
        columns: the tile along the width.

    Returns:
        (rows.high - rows.low, columns.high - columns.low, 3), a copy.
    """
    height, width, _ = picture.shape
    pixels: np.ndarray = picture[np.ix_(_mirrored(rows, height), _mirrored(columns, width))]
    return pixels


def _mirrored(span: Span, length: int) -> np.ndarray:
    """Indices of the pixels in a window, of a picture that is mirrored at its borders."""
    indices = np.arange(span.low, span.high) % (2 * length)
    return np.minimum(indices, 2 * length - 1 - indices)
