"""From the ascent's numbers to a picture: 8 bits, PNG, and back."""

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from filter_atlas.errors import ResultsError

# A grid of hundreds of large pictures is what was asked for, no decompression bomb.
Image.MAX_IMAGE_PIXELS = None

DEVIATION_FLOOR = 1e-5
"""Added to a picture's standard deviation before dividing by it (the article's)."""


def deprocess(picture: np.ndarray, contrast: float) -> np.ndarray:
    """Make an ascended picture visible, exactly as the article does.

    Centre on zero, scale to a standard deviation of `contrast`, shift to mid-grey, clip, and
    turn into 8 bits; then swap the channels, since the network's are BGR and files are RGB
    (the article left them swapped).

    Source: `deprocess_image` in F. Chollet, "How convolutional neural networks see the world",
    The Keras Blog (2016).

    Args:
        picture: (height, width, 3) float32, BGR, unbounded.
        contrast: standard deviation in the result, as a share of the full range.

    Returns:
        (height, width, 3) uint8, RGB.
    """
    centred = picture - picture.mean()
    scaled = centred / (centred.std() + DEVIATION_FLOOR) * contrast + 0.5
    pixels: np.ndarray = (np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return pixels[..., ::-1]


def to_png(pixels: np.ndarray, text: Mapping[str, str]) -> bytes:
    """Encode pixels as a PNG with text chunks, the same bytes for the same input.

    Args:
        pixels: (height, width, 3) uint8, RGB.
        text: what the file says about itself, by keyword.
    """
    chunks = PngInfo()
    for keyword, value in text.items():
        chunks.add_text(keyword, value)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="PNG", pnginfo=chunks)
    return file.getvalue()


def read_png(path: str) -> np.ndarray:
    """Read a picture back.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ResultsError: the file is missing or is no picture.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise ResultsError(
            f"{path}: not a picture ({error}); delete it and run again to redraw it"
        ) from error
