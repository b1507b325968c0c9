"""Symmetries rotate and mirror pixels, and can be undone."""

import numpy as np
import pytest

from filter_atlas.base.rotations import (
    IDENTITY,
    MINIMUM_ROTATED_SIZE,
    Symmetry,
    symmetries,
    visible_side,
)

PICTURE = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)


def test_right_angles_give_the_eight_symmetries_of_the_square() -> None:
    seen = {symmetry.apply(PICTURE, 64).tobytes() for symmetry in symmetries(90)}

    assert symmetries(90)[0] == IDENTITY
    assert len(symmetries(90)) == len(seen) == 8


def test_a_rotation_by_90_degrees_is_counter_clockwise() -> None:
    np.testing.assert_array_equal(Symmetry(90, False).apply(PICTURE, 64), np.rot90(PICTURE))


def test_a_mirrored_symmetry_reflects_first() -> None:
    np.testing.assert_array_equal(Symmetry(90, True).apply(PICTURE, 64), np.rot90(PICTURE[:, ::-1]))


@pytest.mark.parametrize("symmetry", symmetries(90))
def test_the_inverse_undoes_a_symmetry(symmetry: Symmetry) -> None:
    np.testing.assert_array_equal(symmetry.inverse.apply(symmetry.apply(PICTURE, 64), 64), PICTURE)


@pytest.mark.parametrize("symmetry", symmetries(30))
def test_the_inverse_of_a_symmetry_is_among_the_symmetries(symmetry: Symmetry) -> None:
    assert symmetry.inverse in symmetries(30)
    assert symmetry.inverse.inverse == symmetry


def test_the_centre_is_cropped() -> None:
    np.testing.assert_array_equal(IDENTITY.apply(PICTURE, 32), PICTURE[16:48, 16:48])


@pytest.mark.parametrize("size", [MINIMUM_ROTATED_SIZE, 64, 128])
@pytest.mark.parametrize("symmetry", symmetries(15))
def test_the_visible_part_has_no_empty_corner(symmetry: Symmetry, size: int) -> None:
    white = np.full((size, size, 3), 255, np.uint8)

    assert symmetry.apply(white, visible_side(size, 15)).min() == 255


@pytest.mark.parametrize(
    ("size", "step", "side"), [(128, 90, 96), (128, 45, 80), (256, 90, 192), (32, 90, 32)]
)
def test_poolings_divide_the_visible_side_exactly(size: int, step: int, side: int) -> None:
    assert visible_side(size, step) == side
