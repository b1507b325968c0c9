"""A kernel as a small SVG: squares excite, rings inhibit, and larger ones weigh more.

Sign has a shape as well as a colour, so that everybody can tell it. `assets/panel.js` draws the
same.
"""

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
            side = round(0.92 * sqrt(abs(level) / LEVELS), 2)
            if level > 0:
                squares += (
                    f"M{_short(column + 0.5 - side / 2)} {_short(row + 0.5 - side / 2)}"
                    f"h{_short(side)}v{_short(side)}h{_short(-side)}z"
                )
            elif level < 0:
                for half in (round(side / 2, 2), round(side / 4, 2)):
                    arc = f"a{_short(half)} {_short(half)} 0 1 0"
                    rings += (
                        f"M{_short(column + 0.5 - half)} {row + 0.5}"
                        f"{arc} {_short(2 * half)} 0{arc} {_short(-2 * half)} 0"
                    )
    return squares, rings


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
