"""A kernel as a small SVG: squares excite, rings inhibit, and larger ones weigh more.

Sign has a shape as well as a colour, so that everybody can tell it. `assets/panel.js` draws the
same.
"""

from functools import cache
from math import sqrt

LEVELS = 12
"""Letters on either side of 0 in a kernel as text; see `filter_atlas.circuits.tiles`."""

ZERO = ord("m")
"""The letter of 0."""

UNIT = 40
"""Side of the field of a weight; coordinates are integers, and so the text of a path is short."""

HALVES = tuple(round(0.46 * UNIT * sqrt(level / LEVELS)) for level in range(LEVELS + 1))
"""Half the side of a square, by the level of its weight: its area grows with the weight."""


def shape(tile: str) -> str:
    """The `viewBox` of a kernel."""
    rows = tile.split("/")
    return f"0 0 {UNIT * len(rows[0])} {UNIT * len(rows)}"


def paths(tile: str) -> tuple[str, str]:
    """The `d` of two SVG paths: squares of positive weights, and rings of negative ones."""
    squares, rings = "", ""
    for row, word in enumerate(tile.split("/")):
        for column, letter in enumerate(word):
            level = ord(letter) - ZERO
            if level > 0:
                squares += _square(row, column, level)
            elif level < 0:
                rings += _ring(row, column, -level)
    return squares, rings


@cache
def _square(row: int, column: int, level: int) -> str:
    half = HALVES[level]
    left, top = _centre(column) - half, _centre(row) - half
    return f"M{left} {top}h{2 * half}v{2 * half}h-{2 * half}z"


@cache
def _ring(row: int, column: int, level: int) -> str:
    return "".join(_circle(row, column, radius) for radius in (HALVES[level], HALVES[level] / 2))


def _circle(row: int, column: int, radius: float) -> str:
    # An arc that ends a little beside its start is a whole circle.
    return f"M{_centre(column) - radius:g} {_centre(row)}a{radius:g} {radius:g} 0 1 1 0 .1z"


def _centre(place: int) -> int:
    return UNIT * place + UNIT // 2
