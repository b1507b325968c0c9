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


def shape(tile: str) -> str:
    """The `viewBox` of a kernel: a unit for each weight."""
    rows = tile.split("/")
    return f"0 0 {len(rows[0])} {len(rows)}"


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
    side = _side(level)
    return (
        f"M{_short(column + 0.5 - side / 2)} {_short(row + 0.5 - side / 2)}"
        f"h{_short(side)}v{_short(side)}h{_short(-side)}z"
    )


@cache
def _ring(row: int, column: int, level: int) -> str:
    circles = ""
    for half in (round(_side(level) / 2, 2), round(_side(level) / 4, 2)):
        arc = f"a{_short(half)} {_short(half)} 0 1 0"
        circles += (
            f"M{_short(column + 0.5 - half)} {row + 0.5}"
            f"{arc} {_short(2 * half)} 0{arc} {_short(-2 * half)} 0"
        )
    return circles


def _side(level: int) -> float:
    return round(0.92 * sqrt(level / LEVELS), 2)


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
