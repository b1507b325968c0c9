"""A mosaic has the picture of the strongest filter at each cell, the larger the stronger."""

import numpy as np
import pytest

from filter_atlas.views.mosaic import CELL, GROUND, mosaic
from filter_atlas.views.record import LayerCells, Strong


def layer(*cells: tuple[Strong, ...], field: int = 200) -> LayerCells:
    side = len(cells)
    seen = tuple((0, field, False) for _ in range(side))
    return LayerCells((1, side), 1, (1, side), None, seen, seen, cells, {}, (), 0.0)


def picture(index: int) -> np.ndarray:
    """A picture in one shade, with a black border of 60 pixels."""
    pixels = np.zeros((180, 180, 3), np.uint8)
    pixels[60:-60, 60:-60] = index
    return pixels


def test_the_strongest_filter_fills_its_cell_and_weaker_ones_less() -> None:
    strong: tuple[Strong, ...] = ((200, 9.0, 0.8, 0, 0), (7, 1.0, 0.1, 0, 0))
    weak: tuple[Strong, ...] = ((250, 9.0, 0.2, 0, 1),)

    drawn = mosaic(layer(strong, weak, (), field=60), picture)

    assert drawn.shape == (CELL, 3 * CELL, 3)
    first, second, empty = (drawn[:, place * CELL :][:, :CELL] for place in range(3))
    assert (first == 200).all()
    # A quarter of the share, a quarter of the area.
    assert (second == 250).all(axis=-1).mean() == 1 / 4
    assert (second[0, 0] == GROUND).all()
    assert (second[CELL // 2, CELL // 2] == 250).all()
    assert (empty == GROUND).all()


def test_of_a_picture_what_a_cell_sees_is_drawn() -> None:
    one: tuple[Strong, ...] = ((200, 9.0, 0.8, 0, 0),)

    whole = mosaic(layer(one, field=200), picture)
    small = mosaic(layer(one, field=3), picture)

    assert (whole[0, 0] == 0).all()
    assert (whole > 100).mean() == pytest.approx(1 / 9, rel=0.1)
    assert (small == 200).all()
