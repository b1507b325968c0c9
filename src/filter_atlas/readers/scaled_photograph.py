"""The square of a photograph that a network sees."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from filter_atlas.base.errors import PhotoError
from filter_atlas.readers.photograph import PIXEL_LIMIT, Photograph, read_photograph

MARGIN = 8 / 7
"""The shorter side of the scaled photograph, over the side of the square: 256 over 224, as usual in
tests on ImageNet (K. Simonyan and A. Zisserman, 2014)."""

LONGEST = 32
"""Maximum of the longer side of a photograph over the shorter one. A longer photograph would take
much memory once its shorter side is scaled up."""

GROUP = 32
"""Number of photographs that a job holds in memory at the same time."""

QUALITY = 90
"""Quality of a copy, as WebP counts it."""

Log = Callable[[str], object]


@dataclass(frozen=True)
class Placement:
    """Where the square that the network sees lies in a photograph.

    Attributes:
        original: width and height of the photograph, upright, in pixels.
        scaled: the same, as scaled for the network.
        square: left and top of the square in the scaled photograph.
    """

    original: tuple[int, int]
    scaled: tuple[int, int]
    square: tuple[int, int]


class ScaledPhotograph(NamedTuple):
    """A photograph as it is scaled for the network.

    Attributes:
        digest: sha256 of its file.
        placement: where the square lies in it.
        pixels: (height, width, 3) uint8, RGB.
    """

    digest: str
    placement: Placement
    pixels: np.ndarray

    def square(self, size: int) -> np.ndarray:
        """The part that the network sees: (size, size, 3) uint8, RGB."""
        left, top = self.placement.square
        return self.pixels[top : top + size, left : left + size]

    def to_webp(self) -> bytes:
        """A copy of the whole photograph, as scaled, without its metadata: a WebP file."""
        file = io.BytesIO()
        Image.fromarray(self.pixels).save(file, "WEBP", quality=QUALITY, method=4)
        return file.getvalue()


def read_scaled(path: Path, size: int, log: Log) -> ScaledPhotograph:
    """Read a photograph, and scale it so that the network can see its middle.

    Args:
        path: the file.
        size: side of the square that the network sees, in pixels.
        log: takes one line about each change that a user may not expect.

    Raises:
        PhotoError: it cannot be read, or is too small or too long.
    """
    photograph = read_photograph(path, PIXEL_LIMIT, log)
    original = photograph.original_size
    if max(original) > LONGEST * min(original):
        raise PhotoError(
            f"{path}: too long: its longer side may be {LONGEST} times the shorter one; crop it"
        )
    return scale(photograph, place(original, size))


def read_unchanged(path: Path, digest: str, size: int, log: Log, changed: str) -> ScaledPhotograph:
    """Read a photograph that has been found before, and scale it as `read_scaled` does.

    Args:
        path: the file.
        digest: sha256 of the file when it was found.
        size: side of the square that the network sees, in pixels.
        log: takes one line about each change that a user may not expect.
        changed: what an error message says if the file has changed since.

    Raises:
        PhotoError: it cannot be read, or has changed since.
    """
    scaled = read_scaled(path, size, log)
    if scaled.digest != digest:
        raise PhotoError(changed)
    return scaled


def scale(photograph: Photograph, placement: Placement) -> ScaledPhotograph:
    """Scale a photograph that has been read, as its placement says."""
    image = Image.fromarray(photograph.pixels)
    if placement.scaled != photograph.original_size:
        image = image.resize(placement.scaled, Image.Resampling.LANCZOS)
    return ScaledPhotograph(photograph.digest, placement, np.asarray(image))


def place(original: tuple[int, int], size: int) -> Placement:
    """Where the square lies in a photograph: in the middle, after scaling.

    Args:
        original: width and height of the photograph, in pixels.
        size: side of the square, in pixels.
    """
    shorter = round(size * MARGIN)
    width, height = (max(shorter, round(side * shorter / min(original))) for side in original)
    return Placement(original, (width, height), ((width - size) // 2, (height - size) // 2))
