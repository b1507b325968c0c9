"""The network sees the middle of a photograph, scaled as in the usual tests on ImageNet."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filter_atlas.base.errors import PhotoError
from filter_atlas.readers.scaled_photograph import place, read_scaled

SIDES = st.integers(32, 5_000)


@given(width=SIDES, height=SIDES, size=st.integers(32, 1024))
def test_the_square_is_in_the_middle_of_a_photograph_whose_shorter_side_is_8_7ths_of_it(
    width: int, height: int, size: int
) -> None:
    placement = place((width, height), size)

    shorter = round(size * 8 / 7)
    assert min(placement.scaled) == shorter
    for side, scaled, start in zip(
        placement.original, placement.scaled, placement.square, strict=True
    ):
        assert abs(scaled - side * shorter / min(width, height)) <= 0.5
        assert 0 <= start <= scaled - size - start <= start + 1


def test_a_photograph_is_upright_before_it_is_cut(tmp_path: Path) -> None:
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, :64] = (255, 0, 0)  # lies on its side: red is at the top of the upright photograph
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)

    scaled = read_scaled(tmp_path / "a.png", 56, print)

    assert scaled.placement.original == scaled.placement.scaled == (64, 128)
    assert scaled.placement.square == (4, 36)
    square = scaled.square(56)
    assert square.shape == (56, 56, 3)
    assert (square[:28, :, 0] == 255).all()
    assert (square[28:] == 0).all()


def test_a_photograph_of_hundreds_of_squares_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (32 * 33, 32)).save(tmp_path / "long.png")

    with pytest.raises(PhotoError, match=r"long\.png: too long: its longer side may be 32 times"):
        read_scaled(tmp_path / "long.png", 224, print)
