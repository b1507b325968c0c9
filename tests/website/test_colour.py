"""The dominant colour of a picture."""

import numpy as np
import pytest

from filter_atlas.site.colour import COLOURS, dominant


def plain(*colour: int) -> np.ndarray:
    return np.full((8, 8, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((255, 0, 0), "red"),
        ((255, 0, 40), "red"),
        ((255, 128, 0), "orange"),
        ((255, 240, 0), "yellow"),
        ((0, 200, 0), "green"),
        ((0, 200, 200), "cyan"),
        ((0, 0, 255), "blue"),
        ((140, 0, 255), "purple"),
        ((255, 0, 200), "pink"),
        ((128, 128, 128), "grey"),
        ((130, 120, 128), "grey"),
        ((0, 0, 0), "grey"),
    ],
)
def test_a_plain_picture_has_the_name_of_its_hue(colour: tuple[int, ...], name: str) -> None:
    assert dominant(plain(*colour)) == name
    assert name in COLOURS


def test_pixels_that_are_nearly_grey_hardly_count() -> None:
    mostly_bluish = plain(120, 120, 130)
    mostly_bluish[:3] = (255, 0, 0)

    assert dominant(mostly_bluish) == "red"
