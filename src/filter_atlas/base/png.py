"""Writing and reading PNG files; equal pixels give equal bytes."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.regular_files import open_regular

# Pillow would mistake a grid of hundreds of large pictures for a decompression bomb.
Image.MAX_IMAGE_PIXELS = None


def to_png(pixels: np.ndarray, text: Mapping[str, str]) -> bytes:
    """Encode pixels as a PNG with text chunks; equal input gives equal bytes.

    Args:
        pixels: (height, width, 3) uint8, RGB.
        text: text chunks by keyword.
    """
    chunks = PngInfo()
    for keyword, value in text.items():
        chunks.add_text(keyword, value)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="PNG", pnginfo=chunks)
    return file.getvalue()


def read_png(path: str) -> np.ndarray:
    """Read a picture.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ResultsError: the file is missing, or is not a picture.
    """
    try:
        with open_regular(path) as file, Image.open(file) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ResultsError(
            f"{path}: not a picture ({error}); delete it and run again to redraw it"
        ) from error


def check_digest(path: Path | str, digest: str, recorded: str) -> None:
    """Check that a picture is the one that its record describes.

    Args:
        path: the picture, for the error.
        digest: sha256 of its file.
        recorded: the same, in the record.

    Raises:
        ResultsError: the picture was altered, or exchanged for another one.
    """
    if digest != recorded:
        raise ResultsError(
            f"{path}: not the picture that its record describes: altered or exchanged since it was "
            "made; delete it and run again to make it anew"
        )
