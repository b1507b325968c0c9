"""Penalty gradients and blur, against finite differences and NumPy."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.optimize import regularisers
from filter_atlas.settings.recipe import Phase, Recipe, Regularisers


def some_pictures(size: int = 9, std: float = 40) -> np.ndarray:
    return np.random.RandomState(0).normal(120, std, (2, size, size, 3)).astype(np.float32)


def l2_penalty(picture: np.ndarray) -> float:
    return float(0.5 * ((picture - 127.5) ** 2).sum() / 127.5)


def total_variation_penalty(picture: np.ndarray) -> float:
    pairs = [np.diff(picture, axis=0), np.diff(picture, axis=1)]
    return float(sum(np.sqrt(difference**2 + 1).sum() for difference in pairs))


@pytest.mark.parametrize(
    ("penalty_gradient", "penalty"),
    [
        (regularisers.l2, l2_penalty),
        (regularisers.total_variation, total_variation_penalty),
    ],
)
@pytest.mark.parametrize("std", [0.5, 40])
def test_a_penalty_gradient_is_the_derivative_of_its_penalty(
    penalty_gradient: Callable[[tf.Tensor], tf.Tensor],
    penalty: Callable[[np.ndarray], float],
    std: float,
) -> None:
    pictures = some_pictures(std=std)

    gradient = penalty_gradient(tf.constant(pictures)).numpy()

    for index in [(0, 0, 0), (8, 8, 2), (0, 8, 1), (4, 0, 1), (4, 5, 0), (8, 3, 2)]:
        nudge = np.zeros(pictures[0].shape)
        nudge[index] = 1e-4
        slope = (penalty(pictures[1] + nudge) - penalty(pictures[1] - nudge)) / 2e-4
        assert gradient[(1, *index)] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_l2_is_1_at_black_and_white_and_0_at_mid_grey() -> None:
    levels = tf.constant(np.array([0, 127.5, 255], np.float32).reshape(1, 1, 1, 3))

    np.testing.assert_allclose(regularisers.l2(levels), [[[[-1, 0, 1]]]])


def test_total_variation_is_zero_for_a_uniform_picture_and_4_for_a_single_pixel() -> None:
    pictures = np.full((1, 7, 7, 3), 100, np.float32)
    pixel = pictures.copy()
    pixel[0, 3, 3] = 1100

    gradient = regularisers.total_variation(tf.constant(pixel)).numpy()

    np.testing.assert_array_equal(regularisers.total_variation(tf.constant(pictures)), 0)
    np.testing.assert_allclose(gradient[0, 3, 3], 4, rtol=1e-5)
    np.testing.assert_allclose(gradient[0, 2, 3], -1, rtol=1e-5)
    np.testing.assert_array_equal(gradient[0, 2, 2], 0)


def test_a_recipes_penalty_gradients_are_weighted_and_added() -> None:
    pictures = tf.constant(some_pictures())
    schedule = (Phase(size=32, steps=1, step_size=1.0),)
    both = Recipe(schedule=schedule, regularisers=Regularisers(l2=0.5, total_variation=0.25))

    gradient = regularisers.penalty_gradient(pictures, both)

    assert gradient is not None
    np.testing.assert_allclose(
        gradient,
        0.5 * regularisers.l2(pictures) + 0.25 * regularisers.total_variation(pictures),
        rtol=1e-5,
        atol=1e-6,
    )
    assert regularisers.penalty_gradient(pictures, Recipe(schedule=schedule)) is None


@pytest.mark.parametrize("radius", [0.3, 1.0, 16.0])
def test_blur_keeps_a_uniform_picture(radius: float) -> None:
    uniform = np.full((1, 12, 12, 3), 77, np.float32)

    np.testing.assert_allclose(regularisers.blur(tf.constant(uniform), radius), 77, rtol=1e-5)


@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5])
def test_blur_keeps_the_mean_and_lowers_contrast(radius: float) -> None:
    pictures = some_pictures(24)

    blurred = regularisers.blur(tf.constant(pictures), radius).numpy()

    # The border is mirrored: nothing gets lost there.
    np.testing.assert_allclose(blurred.mean(axis=(1, 2)), pictures.mean(axis=(1, 2)), rtol=1e-4)
    assert blurred.std() < pictures.std()


@pytest.mark.parametrize("radius", [0.7, 1.5, 6.0])
def test_blur_mirrors_the_picture_at_its_border(radius: float) -> None:
    size = 16
    pictures = some_pictures(size)

    found = regularisers.blur(tf.constant(pictures), radius)

    reach = min(int(np.ceil(4 * radius)), size)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    kernel /= kernel.sum()
    sides = [(0, 0), (reach, reach), (reach, reach), (0, 0)]
    wide = np.pad(pictures.astype(float), sides, mode="symmetric")
    tall = np.apply_along_axis(np.convolve, 1, wide, kernel, mode="valid")
    expected = np.apply_along_axis(np.convolve, 2, tall, kernel, mode="valid")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_the_blur_of_a_point_has_the_given_radius() -> None:
    point = np.zeros((1, 41, 41, 3), np.float32)
    point[0, 20, 20] = 1

    blurred = regularisers.blur(tf.constant(point), 3.0).numpy()

    profile = blurred[0, :, :, 0].sum(axis=1)
    assert np.sqrt((profile * (np.arange(41) - 20) ** 2).sum()) == pytest.approx(3, rel=1e-2)
