"""Random changes of pictures, compared with NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.optimize import transforms
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe, Transform

SIZE = 40


def recipe(*used: Transform, steps: int = 200) -> Recipe:
    return Recipe(schedule=(Phase(size=SIZE, steps=steps, step_size=1.0),), transforms=used)


def drawn(*used: Transform, steps: int = 200, seed: int = 0) -> np.ndarray:
    return transforms.draw_parameters(recipe(*used, steps=steps), np.random.RandomState(seed))


def some_pictures(count: int = 2) -> np.ndarray:
    return np.random.RandomState(5).uniform(0, 255, (count, SIZE, SIZE, 3)).astype(np.float32)


def affine(matrix: np.ndarray, count: int) -> tf.Tensor:
    return tf.constant(np.tile(matrix[:2].ravel(), (count, 1)), tf.float32)


def transformed(pictures: np.ndarray, parameters: np.ndarray, *used: Transform) -> np.ndarray:
    found: np.ndarray = transforms.apply(
        used, tf.constant(pictures), SIZE, tf.constant(parameters)
    ).numpy()
    return found


# --- roll ---


def test_a_roll_is_that_of_numpy_for_every_picture() -> None:
    pictures = some_pictures(4)
    offsets = np.array([(0, 0), (3, -5), (-31, 40), (7, 0)], np.int32)

    rolled = transforms.roll(tf.constant(pictures), SIZE, tf.constant(offsets)).numpy()

    for found, picture, offset in zip(rolled, pictures, offsets, strict=True):
        np.testing.assert_array_equal(found, np.roll(picture, offset, axis=(0, 1)))


def test_the_gradient_of_a_roll_is_the_roll_back() -> None:
    pictures, upper = tf.constant(some_pictures(2)), some_pictures(4)[2:]
    offsets = np.array([(3, -5), (-9, 14)], np.int32)

    with tf.GradientTape() as tape:
        tape.watch(pictures)
        loss = tf.reduce_sum(transforms.roll(pictures, SIZE, tf.constant(offsets)) * upper)
    gradient = tape.gradient(loss, pictures).numpy()

    for found, above, offset in zip(gradient, upper, offsets, strict=True):
        np.testing.assert_array_equal(found, np.roll(above, -offset, axis=(0, 1)))


def test_rolls_lie_within_their_range_and_reach_its_ends() -> None:
    parameters = drawn(Transform(roll=4))

    assert parameters.shape == (200, transforms.PARAMETERS)
    assert set(np.unique(parameters[:, 0])) == set(range(-4, 5))
    assert set(np.unique(parameters[:, 1])) == set(range(-4, 5))
    np.testing.assert_array_equal(parameters[:, 2:], np.tile([1, 0, 0, 0, 1, 0], (200, 1)))


# --- pad and jitter ---


def test_a_warp_by_whole_pixels_is_a_slice() -> None:
    pictures = some_pictures(2)

    found = transforms.warp(tf.constant(pictures), affine(transforms.shifted(3, 5), 2), 20)

    # (x, y): to the right, then down.
    np.testing.assert_array_equal(found, pictures[:, 5:25, 3:23])


def test_jitter_crops_at_a_random_position_of_whole_pixels() -> None:
    pictures = some_pictures(20)
    jitter = Transform(jitter=6)
    parameters = drawn(jitter, steps=20)

    found = transformed(pictures, parameters, jitter)

    assert found.shape == (20, SIZE - 6, SIZE - 6, 3)
    for cropped, picture, (right, down) in zip(
        found, pictures, parameters[:, [4, 7]].astype(int), strict=True
    ):
        np.testing.assert_array_equal(cropped, picture[down:, right:][: SIZE - 6, : SIZE - 6])
    shifts = drawn(jitter)[:, [4, 7]]
    assert set(np.unique(shifts)) == set(range(7))


def test_pad_adds_mid_grey_around_a_picture() -> None:
    pictures = some_pictures(2)
    pad = Transform(pad=5)

    found = transformed(pictures, drawn(pad, steps=2), pad)

    sides = [(0, 0), (5, 5), (5, 5), (0, 0)]
    np.testing.assert_array_equal(found, np.pad(pictures, sides, constant_values=127.5))


def test_transforms_act_in_the_order_of_their_list() -> None:
    pictures = some_pictures(1)
    pad, jitter = Transform(pad=4), Transform(jitter=8)
    parameters = drawn(pad, jitter, steps=1)
    right, down = parameters[0, [4, 7]].astype(int) + 4

    found = transformed(pictures, parameters, pad, jitter)

    padded = np.pad(pictures, [(0, 0), (4, 4), (4, 4), (0, 0)], constant_values=127.5)
    np.testing.assert_array_equal(found, padded[:, down : down + SIZE, right : right + SIZE])


def test_a_rotation_after_a_pad_is_about_the_centre_of_the_padded_picture() -> None:
    pad, rotate = Transform(pad=4), Transform(rotate=90.0)
    for step in drawn(pad, rotate, steps=10):
        a, b, c, d, e, f = step[2:]
        seen, original = (SIZE + 8 - 1) / 2, (SIZE - 1) / 2
        assert a * seen + b * seen + c == pytest.approx(original, abs=1e-4)
        assert d * seen + e * seen + f == pytest.approx(original, abs=1e-4)


# --- scale and rotate ---


def test_a_rotation_by_0_degrees_is_the_identity() -> None:
    pictures = some_pictures(2)

    found = transforms.warp(tf.constant(pictures), affine(transforms.rotated(0, SIZE), 2), SIZE)

    np.testing.assert_array_equal(found, pictures)


@pytest.mark.parametrize("change", [Transform(scale=1e-9), Transform(rotate=1e-9)], ids=str)
def test_a_tiny_scale_or_rotation_changes_almost_nothing(change: Transform) -> None:
    pictures = some_pictures(2)

    found = transformed(pictures, drawn(change, steps=2), change)

    np.testing.assert_allclose(found, pictures, atol=0.05)


def test_a_rotation_by_90_degrees_is_that_of_numpy() -> None:
    pictures = some_pictures(1)

    found = transforms.warp(
        tf.constant(pictures), affine(transforms.rotated(90, SIZE), 1), SIZE, fill_mode="NEAREST"
    )

    np.testing.assert_allclose(found[0], np.rot90(pictures[0]), atol=0.05)


def test_rotations_lie_within_their_range_about_the_centre() -> None:
    parameters = drawn(Transform(rotate=10.0))[:, 2:]

    degrees = np.rad2deg(np.arctan2(parameters[:, 3], parameters[:, 0]))
    assert np.abs(degrees).max() <= 10.001
    assert degrees.min() < -9
    assert degrees.max() > 9
    np.testing.assert_allclose(np.hypot(parameters[:, 3], parameters[:, 0]), 1, rtol=1e-5)
    middle = (SIZE - 1) / 2
    np.testing.assert_allclose(
        parameters[:, 0] * middle + parameters[:, 1] * middle + parameters[:, 2], middle, rtol=1e-5
    )


def test_scales_lie_within_their_range_about_the_centre() -> None:
    parameters = drawn(Transform(scale=0.2))[:, 2:]

    factors = 1 / parameters[:, 0]
    assert 0.8 <= factors.min() < 0.82
    assert 1.18 < factors.max() <= 1.2
    np.testing.assert_array_equal(parameters[:, 0], parameters[:, 4])
    np.testing.assert_array_equal(parameters[:, [1, 3]], 0)
    middle = (SIZE - 1) / 2
    np.testing.assert_allclose(parameters[:, 0] * middle + parameters[:, 2], middle, rtol=1e-5)


# --- all of them ---


@pytest.mark.parametrize("name", ["fine", "lucid"])
def test_parameters_depend_only_on_their_random_stream(name: str) -> None:
    preset = PRESETS[name]

    first, again, other = (
        transforms.draw_parameters(preset, np.random.RandomState(n)) for n in (0, 0, 1)
    )

    assert first.shape == (preset.steps, transforms.PARAMETERS)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_step_has_its_own_parameters() -> None:
    parameters = drawn(Transform(rotate=10.0), Transform(scale=0.1))

    assert len(np.unique(parameters, axis=0)) == len(parameters)


@pytest.mark.parametrize(
    "used",
    [
        (),
        (Transform(roll=3),),
        (Transform(pad=3), Transform(jitter=2)),
        (Transform(jitter=1),),
        PRESETS["lucid"].transforms,
        PRESETS["fine"].transforms,
    ],
    ids=str,
)
def test_the_side_of_a_picture_grows_by_the_margin(used: tuple[Transform, ...]) -> None:
    side = SIZE + recipe(*used).margin

    found = transformed(some_pictures(1), drawn(*used, steps=1), *used)

    assert found.shape == (1, side, side, 3)


def test_without_transforms_a_picture_is_left_unchanged() -> None:
    pictures = some_pictures(2)

    np.testing.assert_array_equal(transformed(pictures, drawn(steps=2)), pictures)


# --- circular padding ---


@pytest.mark.parametrize("padding", [0, 1, 4, 31])
def test_circular_padding_is_that_of_numpy(padding: int) -> None:
    pictures = some_pictures(2)

    found = transforms.pad_circularly(tf.constant(pictures), padding)

    sides = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    np.testing.assert_array_equal(found, np.pad(pictures, sides, mode="wrap"))
