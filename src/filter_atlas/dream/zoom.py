"""The zoom into a dream: an animation of enlarged and repeated dreams; no TensorFlow.

Source: A. Mordvintsev, C. Olah, M. Tyka, `deepdream/dream.ipynb` (2015).
"""

import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image

from filter_atlas.base.errors import ConfigError
from filter_atlas.settings.dreams import Zoom

BYTE_LIMIT = 2 << 30
"""Maximum size of all frames in bytes: the encoder needs them in memory together."""

WEBP_QUALITY = 85

DreamFrame = Callable[[np.ndarray, int], np.ndarray]
"""Dreams a frame: (height, width, 3) uint8, and its number → the dream, of the same shape."""


def check(zoom: Zoom, shape: tuple[int, ...]) -> None:
    """Refuse an animation whose frames do not fit into memory.

    Args:
        zoom: the settings.
        shape: shape of the photograph, (height, width, 3).

    Raises:
        ConfigError: the frames take more than `BYTE_LIMIT`.
    """
    height, width, channels = shape
    allowed = BYTE_LIMIT // (height * width * channels)
    if zoom.frames > allowed:
        raise ConfigError(
            f"zoom.frames = {zoom.frames}: at most {allowed} are allowed at {width}×{height} "
            "pixels; lower it, or lower longest_side"
        )


def frames(first: np.ndarray, zoom: Zoom, dream: DreamFrame) -> Iterator[np.ndarray]:
    """The frames of an animation. Each frame is a dream of the enlarged frame before it.

    Args:
        first: (height, width, 3) uint8, RGB, the first frame, which is a dream already.
        zoom: the settings.
        dream: function that dreams an enlarged frame. The number of the second frame is 1, and so
            on.
    """
    frame = first
    yield frame
    for number in range(1, zoom.frames):
        frame = dream(enlarged(frame, zoom.factor), number)
        yield frame


def enlarged(pixels: np.ndarray, factor: float) -> np.ndarray:
    """The centre of a picture, enlarged to the size of the whole picture."""
    height, width, _ = pixels.shape
    inner = (1 - 1 / factor) / 2
    box = (width * inner, height * inner, width * (1 - inner), height * (1 - inner))
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC, box)
    return np.array(image)


def animation(pictures: Sequence[np.ndarray], zoom: Zoom) -> bytes:
    """Encode frames as an endless animation; equal frames give equal bytes."""
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
