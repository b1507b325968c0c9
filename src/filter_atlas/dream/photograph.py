"""Reading photographs, whatever camera or program they come from; no TensorFlow here."""

import hashlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps

from filter_atlas.errors import PhotoError
from filter_atlas.vgg16 import MINIMUM_SIZE

FORMATS = ("JPEG", "PNG", "WEBP")

PIXEL_LIMIT = 100_000_000
"""Photographs of more pixels are refused before they are decoded."""

BACKGROUND = (128, 128, 128)
"""What shows through where a photograph is transparent: mid-grey. White drawings stay visible on
it as well as black ones, and a dream can make it darker as well as lighter."""

Log = Callable[[str], object]


@dataclass(frozen=True)
class Photograph:
    """A photograph, ready to be dreamt.

    Attributes:
        name: name of its file, without the folder.
        digest: sha256 of its file.
        taken: width and height in the file, upright, in pixels.
        pixels: (height, width, 3) uint8, RGB (sRGB), scaled down if it was asked for.
    """

    name: str
    digest: str
    taken: tuple[int, int]
    pixels: np.ndarray


def read(path: Path, longest_side: int, log: Log) -> Photograph:
    """Read a JPEG, PNG or WebP as people see it: upright, in sRGB, opaque, with 8 bits.

    The orientation that a camera notes (EXIF) is honoured; an embedded colour profile is
    converted to sRGB, as results carry none; transparent parts lie on `BACKGROUND`; of an
    animation the first frame counts.

    Args:
        path: the file.
        longest_side: in pixels; a larger photograph is scaled down to it.
        log: told, in one line, of what was changed that one may not expect.

    Raises:
        PhotoError: it is missing, damaged, no photograph, too large, or too small.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            image = _decoded(file, path)
    except OSError as error:
        raise PhotoError(
            f"{path}: {error.strerror}; give the path of a JPEG, PNG or WebP"
        ) from error
    image = _opaque(_in_srgb(_upright(image, path, log), path, log))
    taken = image.size
    size = _scaled(taken, longest_side)
    if min(size) < MINIMUM_SIZE:
        raise PhotoError(
            f"{path}: {_by(size)} pixels are too few: {MINIMUM_SIZE} a side is the least; give a "
            "larger photograph" + (", or raise longest_side" if size != taken else "")
        )
    if size != taken:
        log(f"{path}: scaled down from {_by(taken)} to {_by(size)} pixels (longest_side)")
        image = image.resize(size, Image.Resampling.LANCZOS)
    return Photograph(path.name, digest, taken, np.array(image))


def _decoded(file: BinaryIO, path: Path) -> Image.Image:
    """The picture in an open file, judged by its header before it is decoded."""
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PhotoError(_too_large(path, "", str(error))) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError(
            f"{path}: not a JPEG, PNG or WebP that can be read; convert it to one of them"
        ) from error
    if image.width * image.height > PIXEL_LIMIT:
        raise PhotoError(_too_large(path, f"{_by(image.size)} pixels", ""))
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError(
            f"{path}: damaged or cut short ({error}); copy or download it again"
        ) from error
    return image


def _too_large(path: Path, size: str, reason: str) -> str:
    limit = PIXEL_LIMIT // 1_000_000
    return f"{path}: too large ({size or reason}): scale it down to {limit} megapixels or less"


def _upright(image: Image.Image, path: Path, log: Log) -> Image.Image:
    """Turn a picture as the camera notes that it was held."""
    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, ValueError, TypeError, LookupError, OSError, struct.error) as error:
        log(f"{path}: what the camera noted cannot be read and is ignored (EXIF: {error})")
        return image


def _in_srgb(image: Image.Image, path: Path, log: Log) -> Image.Image:
    """Convert colours from the embedded profile, where there is one, to sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("L", "RGB", "RGBA", "CMYK"):
        return image
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGBA" if image.mode == "RGBA" else "RGB",
        )
    except (ImageCms.PyCMSError, OSError) as error:
        log(f"{path}: its colour profile cannot be used and is ignored ({error})")
        return image
    return converted or image


def _opaque(image: Image.Image) -> Image.Image:
    """Eight bits of RGB, on the background where the picture is transparent."""
    if image.mode.startswith("I"):
        # Pillow would cut 16 bits of grey off at 255 instead of scaling them.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        background = Image.new("RGBA", image.size, BACKGROUND)
        image = Image.alpha_composite(background, image)
    return image.convert("RGB")


def _scaled(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    longest = max(size)
    if longest <= longest_side:
        return size
    width, height = (max(1, round(side * longest_side / longest)) for side in size)
    return width, height


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
