"""Tiles: a large picture cut so that its gradient can be computed piece by piece.

The tiles lie side by side and are seen with a margin on every side. Beyond the picture's border
the network sees the picture mirrored: no edge that is not there, as black or the far side of the
picture would make. Google's notebook, from which tiles are, rolls the picture round instead and
sees tiles without a margin.
"""

from dataclasses import dataclass

import numpy as np

from filter_atlas.vgg16 import LAYERS

CELL = 1 << LAYERS[-1].pools_before
"""Side, in pixels, of what one cell of VGG16's deepest layer stands for. Every window starts on a
grid of such cells, so that a cell of any layer is the same in all windows that show it."""

MARGIN = 32
"""What a tile is seen with on every side, in pixels, at the least. Where the receptive
field is not wider than this, up to block3_conv2, gradients by tiles are exact."""


@dataclass(frozen=True)
class Span:
    """A tile along one side of the picture, in pixels.

    Attributes:
        start: first pixel of the tile.
        stop: pixel behind its last.
        low: first pixel of the window in which it is seen; may lie outside of the picture.
        high: pixel behind the window's last.
    """

    start: int
    stop: int
    low: int
    high: int

    @property
    def tile(self) -> slice:
        """The tile in the picture."""
        return slice(self.start, self.stop)

    @property
    def in_window(self) -> slice:
        """The tile in its window."""
        return slice(self.start - self.low, self.stop - self.low)

    def cells(self, count: int) -> slice:
        """The tile's cells among those of its window, which are so many.

        A cell counts for one tile: boundaries between tiles are boundaries between cells, unless
        the network sees windows resized.
        """
        window = self.high - self.low
        first, last = self.start - self.low, self.stop - self.low
        return slice(first * count // window, -(-last * count // window))


def spans(length: int, tile: int, offset: int, cell: int = CELL) -> list[Span]:
    """Cut one side of a picture into tiles.

    Args:
        length: of the side, in pixels.
        tile: side of a tile, a multiple of `cell`; a picture that is not longer stays whole.
        offset: by how many pixels the grid of tiles, or of cells in a whole picture, is shifted.
        cell: side of the cells on whose grid windows start.
    """
    margin = -(-MARGIN // cell) * cell
    if length <= tile:
        tile = length + cell
        first = -(offset % cell)
    else:
        first = -(offset % tile)
    cut = []
    for place in range(first, length, tile):
        start, stop = max(place, 0), min(place + tile, length)
        low = start - (start - first) % cell - margin
        high = low - (low - stop - margin) // cell * cell
        cut.append(Span(start, stop, low, high))
    return cut


def window(picture: np.ndarray, rows: Span, columns: Span) -> np.ndarray:
    """What is seen of a picture with one tile.

    Args:
        picture: (height, width, 3).
        rows: the tile along the height.
        columns: the tile along the width.

    Returns:
        (rows.high - rows.low, columns.high - columns.low, 3), a copy.
    """
    height, width, _ = picture.shape
    cut: np.ndarray = picture[np.ix_(_mirrored(rows, height), _mirrored(columns, width))]
    return cut


def _mirrored(span: Span, length: int) -> np.ndarray:
    """The pixels of a picture, mirrored at its borders, that a window shows."""
    places = np.arange(span.low, span.high) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
