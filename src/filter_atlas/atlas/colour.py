"""The dominant colour of a picture, as a word that people search by."""

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
"""Where the hues of a name end, in degrees around the colour wheel; red goes on from pink's end."""

DEGREES = (np.arange(256) + 0.5) * 360 / 255
"""What Pillow's 8 bits of hue stand for: it rounds them down."""

COLOURS = (*HUES, GREY)

LEAST_CHROMA = 20
"""Mean difference between the greatest and the least channel below which a picture is grey."""


def dominant(pixels: np.ndarray) -> str:
    """The name of the hue that most of a picture's colour has.

    Every pixel counts by its chroma (greatest less least channel), so that what is nearly grey
    hardly counts.

    Args:
        pixels: (height, width, 3) uint8, RGB.

    Returns:
        One of `COLOURS`.
    """
    hue, saturation, value = Image.fromarray(pixels).convert("HSV").split()
    shares = np.asarray(saturation, np.float32) / 255
    chroma = (shares * np.asarray(value)).ravel()
    if chroma.mean() < LEAST_CHROMA:
        return GREY
    by_hue = np.bincount(np.asarray(hue).ravel(), chroma, 256)
    sectors = np.searchsorted(list(HUES.values()), DEGREES, side="right") % len(HUES)
    return list(HUES)[int(np.bincount(sectors, by_hue, len(HUES)).argmax())]
