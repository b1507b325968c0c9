"""Photographs of every kind become upright, opaque and sRGB, and no larger than `longest_side`."""

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from filter_atlas.base.errors import PhotoError
from filter_atlas.readers import photograph
from filter_atlas.readers.photograph import Photograph
from filter_atlas.settings import dreams

ORIENTATION = 0x0112
SAMPLE = Path(dreams.photo_path(dreams.SAMPLE))


def halves(width: int = 64, height: int = 48) -> Image.Image:
    """A picture that is red on the left and blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


def saved(folder: Path, image: Image.Image, name: str = "photo.png", **options: Any) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def read_quietly(path: Path, longest_side: int = 1024) -> Photograph:
    """Read a photograph, and check that nothing is logged."""
    logged: list[str] = []
    photo = photograph.read_photograph(path, longest_side, logged.append)
    assert logged == []
    return photo


def refused(path: Path, longest_side: int = 1024) -> str:
    """The error for a photograph, after a check that it is one line that starts with its path."""
    with pytest.raises(PhotoError) as caught:
        photograph.read_photograph(path, longest_side, print)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def header_of_png(width: int, height: int) -> bytes:
    """A PNG whose header declares pixels, but that contains none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


@pytest.mark.parametrize("name", ["photo.png", "photo.webp"])
def test_pixels_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, halves(), name, lossless=True)

    photo = read_quietly(path)

    np.testing.assert_array_equal(photo.pixels, np.array(halves()))
    assert photo.pixels.dtype == np.uint8
    assert photo.original_size == (64, 48)
    assert photo.name == name
    assert photo.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_sample_photograph_can_be_read() -> None:
    assert read_quietly(SAMPLE).pixels.shape == (480, 640, 3)


@pytest.mark.parametrize(("orientation", "red_at"), [(1, "left"), (6, "top"), (3, "right")])
def test_a_photograph_of_any_orientation_becomes_upright(
    orientation: int, red_at: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = saved(tmp_path, halves(), "photo.jpg", exif=exif, quality=95)

    photo = read_quietly(path)

    pixels = photo.pixels.astype(int)
    sides = {"left": pixels[:, 0], "right": pixels[:, -1], "top": pixels[0], "bottom": pixels[-1]}
    reds = {side: (values[..., 0] - values[..., 2]).mean() for side, values in sides.items()}
    assert max(reds, key=lambda side: reds[side]) == red_at
    assert photo.original_size == ((48, 64) if red_at == "top" else (64, 48))


def test_transparent_parts_become_mid_grey(tmp_path: Path) -> None:
    image = halves().convert("RGBA")
    image.putalpha(Image.fromarray(np.repeat([[0], [255]], 24, axis=0).repeat(64, 1).astype("u1")))

    pixels = read_quietly(saved(tmp_path, image)).pixels

    assert (pixels[:24] == 128).all()
    np.testing.assert_array_equal(pixels[24:], np.array(halves())[24:])


def test_a_transparent_palette_becomes_opaque(tmp_path: Path) -> None:
    image = halves().quantize(2)
    red = int(np.array(image)[0, 0])

    pixels = read_quietly(saved(tmp_path, image, transparency=red)).pixels

    assert (pixels[:, :32] == 128).all()
    assert (pixels[:, 32:] == (0, 0, 255)).all()


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    ramp = np.arange(64, dtype=np.uint8)[None].repeat(40, 0)

    pixels = read_quietly(saved(tmp_path, Image.fromarray(ramp))).pixels

    assert all((pixels[..., channel] == ramp).all() for channel in range(3))


def test_16_bit_grey_levels_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(40, 0)

    pixels = read_quietly(saved(tmp_path, Image.fromarray(ramp))).pixels

    np.testing.assert_array_equal(pixels[..., 0], ramp >> 8)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = saved(tmp_path, halves().convert("CMYK"), "photo.jpg", quality=95)

    pixels = read_quietly(path).pixels

    assert pixels[24, 8].tolist() == pytest.approx([255, 0, 0], abs=8)
    assert pixels[24, 56].tolist() == pytest.approx([0, 0, 255], abs=8)


def test_colours_of_an_embedded_profile_become_srgb(tmp_path: Path) -> None:
    # A profile like sRGB with red and blue exchanged.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")

    as_is = read_quietly(saved(tmp_path, halves(), icc_profile=srgb)).pixels
    converted = read_quietly(saved(tmp_path, halves(), icc_profile=swapped)).pixels

    np.testing.assert_allclose(as_is.astype(int), np.array(halves()), atol=1)
    np.testing.assert_allclose(converted.astype(int), np.array(halves())[..., ::-1], atol=1)


def test_a_broken_profile_is_ignored_and_logged(tmp_path: Path) -> None:
    path = saved(tmp_path, halves(), icc_profile=b"no profile")
    logged: list[str] = []

    photo = photograph.read_photograph(path, 1024, logged.append)

    np.testing.assert_array_equal(photo.pixels, np.array(halves()))
    assert len(logged) == 1
    assert logged[0].startswith(f"{path}: its colour profile cannot be used and is ignored")


@pytest.mark.parametrize(
    ("size", "longest_side", "scaled"),
    [((200, 100), 100, (100, 50)), ((101, 203), 100, (50, 100)), ((1200, 900), 64, (64, 48))],
)
def test_a_large_photograph_is_scaled_down_and_this_is_logged(
    size: tuple[int, int], longest_side: int, scaled: tuple[int, int], tmp_path: Path
) -> None:
    path = saved(tmp_path, halves(*size))
    logged: list[str] = []

    photo = photograph.read_photograph(path, longest_side, logged.append)

    assert photo.pixels.shape == (scaled[1], scaled[0], 3)
    assert photo.original_size == size
    assert logged == [
        f"{path}: scaled down from {size[0]}×{size[1]} to {scaled[0]}×{scaled[1]} pixels "
        "(longest_side)"
    ]


def test_broken_metadata_of_a_camera_is_ignored_and_logged(tmp_path: Path) -> None:
    path = saved(tmp_path, halves(), exif=b"Exif\0\0MM#*\0\0\0\x08")
    logged: list[str] = []

    photo = photograph.read_photograph(path, 1024, logged.append)

    np.testing.assert_array_equal(photo.pixels, np.array(halves()))
    assert len(logged) == 1
    assert logged[0].startswith(
        f"{path}: the camera's metadata (EXIF) cannot be read and is ignored"
    )


@pytest.mark.parametrize("side", [10_001, 60_000])
@pytest.mark.parametrize("pillows_limit", [None, 20_000_000])
def test_a_huge_picture_is_refused_before_it_is_decoded(
    side: int, pillows_limit: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillows_limit)
    path = tmp_path / "huge.png"
    path.write_bytes(header_of_png(side, side))

    assert "too large" in refused(path)
    assert "scale it down to 100 megapixels or less" in refused(path)


def test_a_tiny_picture_is_refused(tmp_path: Path) -> None:
    message = refused(saved(tmp_path, halves(64, 31)))

    assert (
        "64×31 pixels are too few: each side needs 32 or more; give a larger photograph" in message
    )


def test_a_photograph_that_scaling_makes_too_narrow_is_refused_with_the_remedy(
    tmp_path: Path,
) -> None:
    message = refused(saved(tmp_path, halves(400, 40)), longest_side=200)

    assert "200×20 pixels are too few" in message
    assert message.endswith("or raise longest_side")


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.webp"])
def test_a_truncated_file_is_refused(name: str, tmp_path: Path) -> None:
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[:-2000])

    message = refused(path)

    assert "download it again" in message or "convert it" in message


def test_a_file_that_is_not_a_photograph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("not a photograph")
    assert "not a JPEG, PNG or WebP that can be read; convert it" in refused(path)

    drawing = io.BytesIO()
    halves().save(drawing, format="GIF")
    path.write_bytes(drawing.getvalue())
    assert "convert it to one of them" in refused(path)

    assert "No such file or directory; give the path of" in refused(tmp_path / "no.jpg")
    assert "Is a directory; give the path of" in refused(tmp_path)
