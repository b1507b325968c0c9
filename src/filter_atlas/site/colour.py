"""The dominant colour of a picture, as a word that people can search for."""

import numpy as np
from PIL import Image

GREY = "grey"
HUES = {
    "red": 15,
    "orange": 45,
    "yellow": 70,
    "green": 165,
    "cyan": 200,
    "blue": 255,
    "purple": 290,
    "pink": 345,
}
"""The end of each name's hues, in degrees on the colour wheel. After pink, red begins again."""

DEGREES = (np.arange(256) + 0.5) * 360 / 255
"""The hue of each of Pillow's 256 values, in degrees: the middle of what Pillow rounds down."""

COLOURS = (*HUES, GREY)

MINIMUM_CHROMA = 20
"""Minimum chroma of a picture that is not grey: the mean of greatest minus least channel."""


def dominant(pixels: np.ndarray) -> str:
    """The name of the most frequent hue of a picture.

    The weight of a pixel is its chroma (greatest minus least channel). So a pixel that is nearly
    grey hardly counts.

    Args:
        pixels: (height, width, 3) uint8, RGB.

    Returns:
        One of `COLOURS`.
    """
    hue, saturation, value = Image.fromarray(pixels).convert("HSV").split()
    shares = np.asarray(saturation, np.float32) / 255
    chroma = (shares * np.asarray(value)).ravel()
    if chroma.mean() < MINIMUM_CHROMA:
        return GREY
    by_hue = np.bincount(np.asarray(hue).ravel(), chroma, 256)
    sectors = np.searchsorted(list(HUES.values()), DEGREES, side="right") % len(HUES)
    return list(HUES)[int(np.bincount(sectors, by_hue, len(HUES)).argmax())]
