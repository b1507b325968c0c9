"""A picture as a page shows it."""

import struct
from dataclasses import dataclass
from pathlib import Path

from filter_atlas.base.errors import ResultsError

_HEADER = struct.Struct(">8s4x4sII")
"""A PNG's first 24 bytes: signature, length and type of the first chunk, width, height."""


@dataclass(frozen=True)
class Image:
    """A picture of the site: its URL from the site's root, its size in pixels, and its text."""

    url: str
    width: int
    height: int
    alt: str


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG in pixels, read from its header alone.

    Raises:
        ResultsError: the file is not a PNG.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
    if len(header) == _HEADER.size:
        signature, chunk, width, height = _HEADER.unpack(header)
        if signature == b"\x89PNG\r\n\x1a\n" and chunk == b"IHDR":
            return width, height
    raise ResultsError(f"{path}: not a PNG; delete it and run again")
