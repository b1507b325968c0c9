"""Kernels as short texts, from which pages draw small tiles.

A row of the kernel is a word, and rows are separated by a slash. Each letter is a weight: `m` is 0,
`y` the largest of the kernel by its absolute value, and `a` the negative of it.
"""

import numpy as np

LEVELS = 12
"""Number of letters on either side of 0."""

_ZERO = ord("m")


def to_tile(kernel: np.ndarray) -> str:
    """A kernel as text.

    Args:
        kernel: (rows, columns) float.
    """
    greatest = float(np.abs(kernel).max())
    levels = np.rint(kernel * (LEVELS / greatest if greatest > 0 else 0)).astype(int)
    return "/".join("".join(chr(_ZERO + level) for level in row) for row in levels.tolist())


def to_colour_tile(kernel: np.ndarray) -> tuple[str, ...]:
    """A kernel on the channels of a picture: a text for each channel, with one scale for all.

    Args:
        kernel: (rows, columns, channels) float.
    """
    rows, columns, channels = kernel.shape
    flat = to_tile(kernel.transpose(2, 0, 1).reshape(channels * rows, columns)).split("/")
    return tuple("/".join(flat[one * rows : (one + 1) * rows]) for one in range(channels))


def from_tile(tile: str) -> np.ndarray:
    """The weights of a tile, as shares of the largest: (rows, columns) float, from -1 to 1."""
    return np.array([[ord(letter) - _ZERO for letter in row] for row in tile.split("/")]) / LEVELS
