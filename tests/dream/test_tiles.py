"""Tiles cover a picture once, and their windows share one grid of cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.dream import tiles
from filter_atlas.dream.tiles import CELL, MARGIN, Span

LENGTHS = st.integers(32, 700)
SIDES = st.integers(4, 20).map(lambda cells: cells * CELL)
OFFSETS = st.integers(0, 500)


@given(length=LENGTHS, tile=SIDES, offset=OFFSETS)
def test_tiles_cover_a_side_once(length: int, tile: int, offset: int) -> None:
    spans = tiles.spans(length, tile, offset)

    pixels = [pixel for span in spans for pixel in range(span.start, span.stop)]
    assert pixels == list(range(length))


@given(length=LENGTHS, tile=SIDES, offset=OFFSETS)
def test_windows_show_a_margin_and_whole_cells_of_one_grid(
    length: int, tile: int, offset: int
) -> None:
    spans = tiles.spans(length, tile, offset)

    for span in spans:
        assert span.start - span.low >= MARGIN
        assert span.high - span.stop >= MARGIN
        assert (span.high - span.low) % CELL == 0
        assert (span.low - spans[0].low) % CELL == 0
        assert span.high - span.low <= tile + 2 * MARGIN + 2 * CELL


@given(length=LENGTHS, tile=SIDES, offset=OFFSETS, side=st.sampled_from([1, 2, 4, 8, 16]))
def test_every_cell_belongs_to_one_tile(length: int, tile: int, offset: int, side: int) -> None:
    spans = tiles.spans(length, tile, offset)

    cells = [(span, span.cells((span.high - span.low) // side)) for span in spans]
    firsts = [span.low + cell * side for span, own in cells for cell in range(own.start, own.stop)]

    assert firsts == list(range(firsts[0], length, side))
    assert -side < firsts[0] <= 0


@given(length=LENGTHS, tile=SIDES, offset=OFFSETS, count=st.integers(1, 300))
def test_a_tile_has_cells_for_any_number_of_cells_in_its_window(
    length: int, tile: int, offset: int, count: int
) -> None:
    for span in tiles.spans(length, tile, offset):
        own = span.cells(count)
        assert 0 <= own.start < own.stop <= count


def test_a_picture_no_larger_than_a_tile_is_not_cut_for_any_shift() -> None:
    for offset in range(40):
        (span,) = tiles.spans(100, 112, offset)
        assert (span.start, span.stop) == (0, 100)


def test_a_shift_moves_the_seams() -> None:
    seams = {tiles.spans(300, 128, offset)[0].stop for offset in range(128)}

    assert seams == set(range(1, 129))


def test_a_window_shows_the_picture_mirrored_beyond_its_border() -> None:
    picture = np.arange(5 * 4 * 3, dtype=np.float32).reshape(5, 4, 3)

    seen = tiles.window(picture, Span(0, 5, -2, 6), Span(0, 4, -1, 7))

    expected = np.pad(picture, [(2, 1), (1, 3), (0, 0)], mode="symmetric")
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("length", [1, 3])
def test_a_picture_narrower_than_the_margin_is_mirrored_repeatedly(length: int) -> None:
    picture = np.arange(length * 3, dtype=np.float32).reshape(length, 1, 3)

    seen = tiles.window(picture, Span(0, length, -8, 8), Span(0, 1, 0, 1))

    expected = np.pad(picture, [(8, 8 - length), (0, 0), (0, 0)], mode="symmetric")
    np.testing.assert_array_equal(seen, expected)
