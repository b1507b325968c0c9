"""The dominant colour of a picture, as a word that people search by."""

import numpy as np

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
    channels = pixels.reshape(-1, 3).astype(np.float32)
    greatest, chroma = channels.max(axis=1), np.ptp(channels, axis=1)
    if chroma.mean() < LEAST_CHROMA:
        return GREY
    coloured = chroma > 0
    red, green, blue = channels[coloured].T
    greatest, chroma = greatest[coloured], chroma[coloured]
    sixths = np.select(
        [greatest == red, greatest == green],
        [(green - blue) / chroma % 6, (blue - red) / chroma + 2],
        (red - green) / chroma + 4,
    )
    sector = np.searchsorted(list(HUES.values()), sixths * 60, side="right") % len(HUES)
    weights = np.bincount(sector, chroma, len(HUES))
    return list(HUES)[int(weights.argmax())]
