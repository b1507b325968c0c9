"""Reading photographs from any camera or program (no TensorFlow)."""

import hashlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps

from filter_atlas.base.errors import PhotoError
from filter_atlas.base.regular_files import open_regular
from filter_atlas.base.vgg16_spec import MINIMUM_SIZE

FORMATS = ("JPEG", "PNG", "WEBP")

PIXEL_LIMIT = 100_000_000
"""Photographs with more pixels are rejected before they are decoded."""

BACKGROUND = (128, 128, 128)
"""Colour behind a transparent photograph: mid-grey. White and black drawings stay visible on it,
and a dream can make it darker or lighter."""

Log = Callable[[str], object]


@dataclass(frozen=True)
class Photograph:
    """A photograph, ready for a dream.

    Attributes:
        name: name of its file, without the folder.
        digest: sha256 of its file.
        original_size: width and height of the file's picture, upright, in pixels.
        pixels: (height, width, 3) uint8, RGB (sRGB), scaled down if the original is too large.
    """

    name: str
    digest: str
    original_size: tuple[int, int]
    pixels: np.ndarray


def read_photograph(path: Path, longest_side: int, log: Log) -> Photograph:
    """Read a JPEG, PNG or WebP as people see it: upright, in sRGB, opaque, with 8 bits.

    The photograph is rotated by its orientation (EXIF). Colours of an embedded profile are
    converted to sRGB, because results have no profile. Transparent parts show `BACKGROUND`. Only
    the first frame of an animation is read.

    Args:
        path: the file.
        longest_side: in pixels; a larger photograph is scaled down to it.
        log: takes one line about each change that a user may not expect.

    Raises:
        PhotoError: it is missing, damaged, not a photograph, too large, or too small.
    """
    digest, image = _read(path, _decoded)
    image = _opaque(_in_srgb(_upright(image, path, log), path, log))
    original_size = image.size
    size = _scaled(original_size, longest_side)
    if min(size) < MINIMUM_SIZE:
        raise PhotoError(
            f"{path}: {_by(size)} pixels are too few: each side needs {MINIMUM_SIZE} or more; give "
            "a larger photograph" + (", or raise longest_side" if size != original_size else "")
        )
    if size != original_size:
        log(f"{path}: scaled down from {_by(original_size)} to {_by(size)} pixels (longest_side)")
        image = image.resize(size, Image.Resampling.LANCZOS)
    return Photograph(path.name, digest, original_size, np.array(image))


def identify_photograph(path: Path) -> str:
    """The sha256 of a photograph's file. Its header is checked, but it is not decoded.

    Raises:
        PhotoError: it is missing, not a photograph, too large, or too small.
    """
    digest, image = _read(path, _opened)
    if min(image.size) < MINIMUM_SIZE:
        raise PhotoError(
            f"{path}: {_by(image.size)} pixels are too few: each side needs {MINIMUM_SIZE} or more"
        )
    return digest


def _read(path: Path, decode: Callable[[BinaryIO, Path], Image.Image]) -> tuple[str, Image.Image]:
    """The sha256 of a file, and the picture in it."""
    try:
        with open_regular(path) as file:
            image = decode(file, path)
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest(), image
    except OSError as error:
        raise PhotoError(
            f"{path}: {error.strerror}; give the path of a JPEG, PNG or WebP"
        ) from error


def _decoded(file: BinaryIO, path: Path) -> Image.Image:
    """The picture in an open file, decoded."""
    image = _opened(file, path)
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoError(
            f"{path}: damaged or cut short ({error}); copy or download it again"
        ) from error
    return image


def _opened(file: BinaryIO, path: Path) -> Image.Image:
    """The picture in an open file, of which only the header is read."""
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
    return image


def _too_large(path: Path, size: str, reason: str) -> str:
    limit = PIXEL_LIMIT // 1_000_000
    return f"{path}: too large ({size or reason}): scale it down to {limit} megapixels or less"


def _upright(image: Image.Image, path: Path, log: Log) -> Image.Image:
    """Rotate a picture by the orientation that the camera recorded."""
    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, ValueError, TypeError, LookupError, OSError, struct.error) as error:
        log(f"{path}: the camera's metadata (EXIF) cannot be read and is ignored ({error})")
        return image


def _in_srgb(image: Image.Image, path: Path, log: Log) -> Image.Image:
    """Convert colours from the embedded profile, if there is one, to sRGB."""
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
    """Convert to 8-bit RGB, with the background behind transparent parts."""
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit grey levels at 255 instead of scaling them.
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
