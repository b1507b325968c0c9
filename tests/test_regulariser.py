"""What holds a picture back, against finite differences and NumPy."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas import regulariser
from filter_atlas.recipe import Phase, Recipe, Regularisers


def some_pictures(size: int = 9, deviation: float = 40) -> np.ndarray:
    return np.random.RandomState(0).normal(120, deviation, (2, size, size, 3)).astype(np.float32)


def l2_penalty(picture: np.ndarray) -> float:
    return float(0.5 * ((picture - 127.5) ** 2).sum() / 127.5)


def total_variation_penalty(picture: np.ndarray) -> float:
    pairs = [np.diff(picture, axis=0), np.diff(picture, axis=1)]
    return float(sum(np.sqrt(difference**2 + 1).sum() for difference in pairs))


@pytest.mark.parametrize(
    ("pull", "penalty"),
    [
        (regulariser.l2, l2_penalty),
        (regulariser.total_variation, total_variation_penalty),
    ],
)
@pytest.mark.parametrize("deviation", [0.5, 40])
def test_a_pull_is_the_gradient_of_its_penalty(
    pull: Callable[[tf.Tensor], tf.Tensor],
    penalty: Callable[[np.ndarray], float],
    deviation: float,
) -> None:
    pictures = some_pictures(deviation=deviation)

    pulls = pull(tf.constant(pictures)).numpy()

    for place in [(0, 0, 0), (8, 8, 2), (0, 8, 1), (4, 0, 1), (4, 5, 0), (8, 3, 2)]:
        nudge = np.zeros(pictures[0].shape)
        nudge[place] = 1e-4
        slope = (penalty(pictures[1] + nudge) - penalty(pictures[1] - nudge)) / 2e-4
        assert pulls[(1, *place)] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_black_and_white_are_pulled_by_1_and_mid_grey_is_left() -> None:
    levels = tf.constant(np.array([0, 127.5, 255], np.float32).reshape(1, 1, 1, 3))

    np.testing.assert_allclose(regulariser.l2(levels), [[[[-1, 0, 1]]]])


def test_a_plain_picture_has_no_variation_and_a_lonely_pixel_is_pulled_from_four_sides() -> None:
    pictures = np.full((1, 7, 7, 3), 100, np.float32)
    lonely = pictures.copy()
    lonely[0, 3, 3] = 1100

    pulls = regulariser.total_variation(tf.constant(lonely)).numpy()

    np.testing.assert_array_equal(regulariser.total_variation(tf.constant(pictures)), 0)
    np.testing.assert_allclose(pulls[0, 3, 3], 4, rtol=1e-5)
    np.testing.assert_allclose(pulls[0, 2, 3], -1, rtol=1e-5)
    np.testing.assert_array_equal(pulls[0, 2, 2], 0)


def test_a_recipes_pulls_are_weighted_and_added() -> None:
    pictures = tf.constant(some_pictures())
    schedule = (Phase(size=32, steps=1, rate=1.0),)
    both = Recipe(schedule=schedule, regularisers=Regularisers(l2=0.5, total_variation=0.25))

    pulls = regulariser.pull(pictures, both)

    assert pulls is not None
    np.testing.assert_allclose(
        pulls,
        0.5 * regulariser.l2(pictures) + 0.25 * regulariser.total_variation(pictures),
        rtol=1e-5,
        atol=1e-6,
    )
    assert regulariser.pull(pictures, Recipe(schedule=schedule)) is None


@pytest.mark.parametrize("radius", [0.3, 1.0, 16.0])
def test_blur_keeps_a_plain_picture(radius: float) -> None:
    plain = np.full((1, 12, 12, 3), 77, np.float32)

    np.testing.assert_allclose(regulariser.blur(tf.constant(plain), radius), 77, rtol=1e-5)


@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5])
def test_blur_keeps_the_mean_and_takes_contrast(radius: float) -> None:
    pictures = some_pictures(24)

    blurred = regulariser.blur(tf.constant(pictures), radius).numpy()

    # What is mirrored at the border comes back in: nothing gets lost there.
    np.testing.assert_allclose(blurred.mean(axis=(1, 2)), pictures.mean(axis=(1, 2)), rtol=1e-4)
    assert blurred.std() < pictures.std()


@pytest.mark.parametrize("radius", [0.7, 1.5, 6.0])
def test_blur_mirrors_the_picture_at_its_border(radius: float) -> None:
    size = 16
    pictures = some_pictures(size)

    found = regulariser.blur(tf.constant(pictures), radius)

    reach = min(int(np.ceil(4 * radius)), size)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    kernel /= kernel.sum()
    sides = [(0, 0), (reach, reach), (reach, reach), (0, 0)]
    wide = np.pad(pictures.astype(float), sides, mode="symmetric")
    tall = np.apply_along_axis(np.convolve, 1, wide, kernel, mode="valid")
    expected = np.apply_along_axis(np.convolve, 2, tall, kernel, mode="valid")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_the_blur_of_a_point_has_the_radius_asked_for() -> None:
    point = np.zeros((1, 41, 41, 3), np.float32)
    point[0, 20, 20] = 1

    blurred = regulariser.blur(tf.constant(point), 3.0).numpy()

    profile = blurred[0, :, :, 0].sum(axis=1)
    assert np.sqrt((profile * (np.arange(41) - 20) ** 2).sum()) == pytest.approx(3, rel=1e-2)
