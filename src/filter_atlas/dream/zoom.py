"""The flight into a dream: an animation in which each frame enlarges the one before; no TensorFlow.

After A. Mordvintsev, C. Olah, M. Tyka, `deepdream/dream.ipynb` (2015).
"""

import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image

from filter_atlas.dream.settings import Zoom
from filter_atlas.errors import ConfigError

BYTE_LIMIT = 2 << 30
"""All frames are in memory when the animation is encoded: they may take so many bytes."""

WEBP_QUALITY = 85

Again = Callable[[np.ndarray, int], np.ndarray]
"""Dreams a frame, (height, width, 3) uint8, given its number; returns one of the same shape."""


def check(zoom: Zoom, shape: tuple[int, ...]) -> None:
    """Refuse an animation that is too large, before it is begun.

    Args:
        zoom: the settings.
        shape: (height, width, 3), of the photograph.

    Raises:
        ConfigError: its frames would not fit in memory.
    """
    height, width, channels = shape
    allowed = BYTE_LIMIT // (height * width * channels)
    if zoom.frames > allowed:
        raise ConfigError(
            f"zoom.frames = {zoom.frames}: at {width}×{height} pixels allowed are {allowed}, "
            "or lower longest_side"
        )


def frames(first: np.ndarray, zoom: Zoom, again: Again) -> Iterator[np.ndarray]:
    """The frames of the flight, all of the same shape.

    Args:
        first: (height, width, 3) uint8, RGB, the dream that it starts from.
        zoom: the settings.
        again: dreams an enlarged frame; the first is number 0 and is not dreamt again.
    """
    frame = first
    yield frame
    for number in range(1, zoom.frames):
        frame = again(enlarged(frame, zoom.factor), number)
        yield frame


def enlarged(pixels: np.ndarray, factor: float) -> np.ndarray:
    """The middle of a picture, so much larger that it fills the whole."""
    height, width, _ = pixels.shape
    inner = (1 - 1 / factor) / 2
    box = (width * inner, height * inner, width * (1 - inner), height * (1 - inner))
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC, box)
    return np.array(image)


def animation(pictures: Sequence[np.ndarray], zoom: Zoom) -> bytes:
    """Encode frames as an animation that repeats for ever, the same bytes for the same frames."""
    first, *others = (Image.fromarray(picture) for picture in pictures)
    file = io.BytesIO()
    quality = {"quality": WEBP_QUALITY} if zoom.format == "webp" else {}
    first.save(
        file,
        format=zoom.format,
        save_all=True,
        append_images=others,
        duration=zoom.duration,
        loop=0,
        **quality,
    )
    return file.getvalue()
