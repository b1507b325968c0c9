"""The size of an SVG as a page shows it."""

import re
from pathlib import Path
from xml.etree import ElementTree

from filter_atlas.base.errors import ResultsError

PIXELS = {"": 1.0, "px": 1.0, "pt": 96 / 72}
"""How many CSS pixels a unit has."""


def size(path: Path) -> tuple[int, int]:
    """Width and height of an SVG in CSS pixels, as its root element gives them.

    Raises:
        ResultsError: the file is not an SVG, or has no size.
        OSError: the file cannot be read.
    """
    try:
        root = ElementTree.fromstring(path.read_bytes())
        width, height = (_pixels(root.attrib[name]) for name in ("width", "height"))
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ResultsError(
            f"{path}: not an SVG with a size ({error}); delete it and run again"
        ) from error
    return width, height


def _pixels(length: str) -> int:
    found = re.fullmatch(r"([\d.]+)(px|pt|)", length)
    if not found:
        raise ValueError(f"{length} is not a length")
    return round(float(found[1]) * PIXELS[found[2]])
