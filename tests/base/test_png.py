"""Pictures get the article's pixels, and their files contain text about them."""

import contextlib
import random
import struct
import zlib
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.png import read_png, to_png
from filter_atlas.optimize.deprocess import deprocess

SHAPES = st.tuples(st.integers(1, 8), st.integers(1, 8), st.just(3))
PICTURES = st.sampled_from([2.0**14, 2.0**-14]).flatmap(
    lambda reach: arrays.arrays(np.float32, SHAPES, elements=st.floats(-reach, reach, width=32))
)
PIXELS = arrays.arrays(np.uint8, SHAPES)
TEXT = {"layer": "block5_conv1", "filter": "7", "recipe": '{"contrast":0.1}'}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for temporary pictures."""
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture
def noise() -> npt.NDArray[np.uint8]:
    """A picture that compresses badly."""
    return np.random.RandomState(0).randint(0, 256, (12, 10, 3)).astype(np.uint8)


def articles_deprocess_image(x: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """`deprocess_image`, word for word as the article printed it (for channels last)."""
    # normalize tensor: center on 0., ensure std is 0.1
    x -= x.mean()
    x /= x.std() + 1e-5
    x *= 0.1

    # clip to [0, 1]
    x += 0.5
    x = np.clip(x, 0, 1)

    # convert to RGB array
    x *= 255
    return np.clip(x, 0, 255).astype("uint8")


@given(picture=PICTURES)
def test_pixels_are_the_articles_with_channels_swapped_to_rgb(
    picture: npt.NDArray[np.float32],
) -> None:
    pixels = deprocess(picture, contrast=0.1)

    articles = articles_deprocess_image(picture.copy())
    np.testing.assert_array_equal(pixels, articles[:, :, [2, 1, 0]])
    assert pixels.dtype == np.uint8


@given(picture=PICTURES)
def test_deprocessing_does_not_change_its_input(picture: npt.NDArray[np.float32]) -> None:
    before = picture.copy()

    deprocess(picture, contrast=0.1)

    np.testing.assert_array_equal(picture, before)


def test_blue_inside_the_network_is_blue_in_the_file(folder: Path) -> None:
    picture = np.zeros((8, 8, 3), np.float32)
    picture[:4, :, 0] = 100  # the first channel inside the network, BGR
    path = folder / "blue.png"

    path.write_bytes(to_png(deprocess(picture, contrast=0.1), {}))

    with Image.open(path) as image:
        red, green, blue = (int(value) for value in np.asarray(image)[0, 0])
    assert blue > red == green


@pytest.mark.parametrize("value", [0.0, -3.5, 128.0])
def test_a_constant_picture_is_mid_grey(value: float) -> None:
    picture = np.full((4, 4, 3), value, np.float32)

    assert np.unique(deprocess(picture, contrast=0.1)).tolist() == [127]


@pytest.mark.parametrize("contrast", [0.02, 0.1, 0.15])
def test_contrast_is_the_standard_deviation_of_the_pixels(contrast: float) -> None:
    picture = np.random.RandomState(0).normal(7, 300, (64, 64, 3)).astype(np.float32)

    pixels = deprocess(picture, contrast)

    assert pixels.std() / 255 == pytest.approx(contrast, rel=0.02)
    assert pixels.mean() == pytest.approx(127, abs=0.5)


@given(pixels=PIXELS)
def test_pixels_are_the_same_after_writing_and_reading(
    folder: Path, pixels: npt.NDArray[np.uint8]
) -> None:
    path = folder / "picture.png"

    path.write_bytes(to_png(pixels, TEXT))

    np.testing.assert_array_equal(read_png(str(path)), pixels)


@given(picture=PICTURES)
def test_a_view_with_swapped_channels_is_written_correctly(
    folder: Path, picture: npt.NDArray[np.float32]
) -> None:
    path = folder / "picture.png"
    pixels = deprocess(picture, contrast=0.1)

    path.write_bytes(to_png(pixels, {}))

    np.testing.assert_array_equal(read_png(str(path)), pixels)


def test_a_file_contains_its_text(folder: Path, noise: npt.NDArray[np.uint8]) -> None:
    path = folder / "picture.png"

    path.write_bytes(to_png(noise, {**TEXT, "author": "Ørsted · 猫"}))

    with Image.open(path) as image:
        image.load()
        assert image.info == {**TEXT, "author": "Ørsted · 猫"}


def test_the_same_pixels_and_text_give_the_same_bytes(noise: npt.NDArray[np.uint8]) -> None:
    assert to_png(noise, TEXT) == to_png(noise.copy(), dict(TEXT))


def test_a_file_contains_pixels_and_text_but_no_time(noise: npt.NDArray[np.uint8]) -> None:
    kinds = [kind for kind, _ in _chunks(to_png(noise, TEXT))]

    assert kinds == [b"IHDR", b"tEXt", b"tEXt", b"tEXt", b"IDAT", b"IEND"]


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    assert png.startswith(SIGNATURE)
    chunks = []
    rest = png[len(SIGNATURE) :]
    while rest:
        [length] = struct.unpack(">I", rest[:4])
        chunks.append((rest[4:8], rest[8 : 8 + length]))
        rest = rest[12 + length :]
    return chunks


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def test_a_grey_picture_is_read_with_three_channels(folder: Path) -> None:
    path = folder / "grey.png"
    Image.new("L", (4, 3), 9).save(path)

    assert read_png(str(path)).tolist() == np.full((3, 4, 3), 9).tolist()


@pytest.mark.parametrize("content", [b"", b"<html>", SIGNATURE, None])
def test_a_file_that_is_not_a_picture_is_reported_in_one_line(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "7.png"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ResultsError) as caught:
        read_png(str(path))

    assert str(caught.value).startswith(f"{path}: not a picture (")
    assert "delete it and run again" in str(caught.value)


def test_half_a_picture_is_refused(tmp_path: Path, noise: npt.NDArray[np.uint8]) -> None:
    path = tmp_path / "7.png"
    png = to_png(noise, TEXT)
    path.write_bytes(png[: len(png) // 2])

    with pytest.raises(ResultsError, match="not a picture"):
        read_png(str(path))


def test_a_picture_that_ends_between_its_chunks_is_refused(
    tmp_path: Path, noise: npt.NDArray[np.uint8]
) -> None:
    head, pixels = (content for kind, content in _chunks(to_png(noise, {})) if kind != b"IEND")
    first, rest = _chunk(b"IDAT", pixels[:50]), _chunk(bytes(4), pixels[50:])
    path = tmp_path / "7.png"
    path.write_bytes(SIGNATURE + _chunk(b"IHDR", head) + first + rest)

    with pytest.raises(ResultsError, match="broken PNG"):
        read_png(str(path))


@given(seed=st.integers(0, 2**32))
def test_a_damaged_picture_is_read_or_refused(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    damaged = bytearray(to_png(np.full((5, 6, 3), 77, np.uint8), TEXT))
    for _ in range(chance.randint(1, 3)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    path = folder / "damaged.png"
    path.write_bytes(damaged[: chance.randint(0, 2 * len(damaged))])

    with contextlib.suppress(ResultsError):
        assert read_png(str(path)).dtype == np.uint8


def test_a_grid_of_large_pictures_is_no_decompression_bomb(tmp_path: Path) -> None:
    # 8 × 8 pictures of 2,048 pixels: the file holds only the header, so it is refused as truncated.
    side = 8 * 2_048
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path = tmp_path / "block1_conv1_top.png"
    path.write_bytes(SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", b""))

    with pytest.raises(ResultsError, match="truncated"):
        read_png(str(path))
