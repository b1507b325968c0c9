"""Turns move pixels as they say, and can be undone."""

import numpy as np
import pytest

from filter_atlas.twins.turn import LEAST_TURNED, SAME, Turn, side_seen, turns

PICTURE = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)


def test_the_turns_by_right_angles_are_the_eight_symmetries_of_the_square() -> None:
    seen = {turn.apply(PICTURE, 64).tobytes() for turn in turns(90)}

    assert turns(90)[0] == SAME
    assert len(turns(90)) == len(seen) == 8


def test_a_quarter_turn_is_counter_clockwise() -> None:
    np.testing.assert_array_equal(Turn(90, False).apply(PICTURE, 64), np.rot90(PICTURE))


def test_a_mirrored_turn_reflects_first() -> None:
    np.testing.assert_array_equal(Turn(90, True).apply(PICTURE, 64), np.rot90(PICTURE[:, ::-1]))


@pytest.mark.parametrize("turn", turns(90))
def test_the_inverse_undoes_a_turn(turn: Turn) -> None:
    np.testing.assert_array_equal(turn.inverse.apply(turn.apply(PICTURE, 64), 64), PICTURE)


@pytest.mark.parametrize("turn", turns(30))
def test_the_inverse_of_a_turn_is_among_the_turns(turn: Turn) -> None:
    assert turn.inverse in turns(30)
    assert turn.inverse.inverse == turn


def test_the_middle_is_cut_out() -> None:
    np.testing.assert_array_equal(SAME.apply(PICTURE, 32), PICTURE[16:48, 16:48])


@pytest.mark.parametrize("size", [LEAST_TURNED, 64, 128])
@pytest.mark.parametrize("turn", turns(15))
def test_no_corner_of_what_is_seen_is_empty(turn: Turn, size: int) -> None:
    white = np.full((size, size, 3), 255, np.uint8)

    assert turn.apply(white, side_seen(size, 15)).min() == 255


@pytest.mark.parametrize(
    ("size", "step", "side"), [(128, 90, 96), (128, 45, 80), (256, 90, 192), (32, 90, 32)]
)
def test_what_is_seen_suits_the_poolings(size: int, step: int, side: int) -> None:
    assert side_seen(size, step) == side
