"""The random changes that a picture must stand, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas import transform
from filter_atlas.recipe import PRESETS, Phase, Recipe, Transform

SIZE = 40


def recipe(*transforms: Transform, steps: int = 200) -> Recipe:
    return Recipe(schedule=(Phase(size=SIZE, steps=steps, rate=1.0),), transforms=transforms)


def drawn(*transforms: Transform, steps: int = 200, seed: int = 0) -> np.ndarray:
    return transform.draw(recipe(*transforms, steps=steps), np.random.RandomState(seed))


def some_pictures(count: int = 2) -> np.ndarray:
    return np.random.RandomState(5).uniform(0, 255, (count, SIZE, SIZE, 3)).astype(np.float32)


def affine(matrix: np.ndarray, count: int) -> tf.Tensor:
    return tf.constant(np.tile(matrix[:2].ravel(), (count, 1)), tf.float32)


def shown(pictures: np.ndarray, maps: np.ndarray, *transforms: Transform) -> np.ndarray:
    found: np.ndarray = transform.apply(
        transforms, tf.constant(pictures), SIZE, tf.constant(maps)
    ).numpy()
    return found


# --- roll ---


def test_a_roll_is_numpys_for_every_picture_for_itself() -> None:
    pictures = some_pictures(4)
    offsets = np.array([(0, 0), (3, -5), (-31, 40), (7, 0)], np.int32)

    rolled = transform.roll(tf.constant(pictures), SIZE, tf.constant(offsets)).numpy()

    for one, picture, offset in zip(rolled, pictures, offsets, strict=True):
        np.testing.assert_array_equal(one, np.roll(picture, offset, axis=(0, 1)))


def test_the_gradient_of_a_roll_is_rolled_back() -> None:
    pictures, upper = tf.constant(some_pictures(2)), some_pictures(4)[2:]
    offsets = np.array([(3, -5), (-9, 14)], np.int32)

    with tf.GradientTape() as tape:
        tape.watch(pictures)
        loss = tf.reduce_sum(transform.roll(pictures, SIZE, tf.constant(offsets)) * upper)
    gradient = tape.gradient(loss, pictures).numpy()

    for one, above, offset in zip(gradient, upper, offsets, strict=True):
        np.testing.assert_array_equal(one, np.roll(above, -offset, axis=(0, 1)))


def test_rolls_lie_within_their_range_and_reach_its_ends() -> None:
    maps = drawn(Transform(roll=4))

    assert maps.shape == (200, transform.MAP)
    assert set(np.unique(maps[:, 0])) == set(range(-4, 5))
    assert set(np.unique(maps[:, 1])) == set(range(-4, 5))
    np.testing.assert_array_equal(maps[:, 2:], np.tile([1, 0, 0, 0, 1, 0], (200, 1)))


# --- pad and jitter ---


def test_a_warp_by_whole_pixels_is_a_slice() -> None:
    pictures = some_pictures(2)

    found = transform.warp(tf.constant(pictures), affine(transform.shifted(3, 5), 2), 20)

    # (x, y): to the right, then down.
    np.testing.assert_array_equal(found, pictures[:, 5:25, 3:23])


def test_jitter_crops_at_a_random_place_by_whole_pixels() -> None:
    pictures = some_pictures(20)
    jitter = Transform(jitter=6)
    maps = drawn(jitter, steps=20)

    found = shown(pictures, maps, jitter)

    assert found.shape == (20, SIZE - 6, SIZE - 6, 3)
    for one, picture, (right, down) in zip(
        found, pictures, maps[:, [4, 7]].astype(int), strict=True
    ):
        np.testing.assert_array_equal(one, picture[down:, right:][: SIZE - 6, : SIZE - 6])
    shifts = drawn(jitter)[:, [4, 7]]
    assert set(np.unique(shifts)) == set(range(7))


def test_pad_puts_mid_grey_around_a_picture() -> None:
    pictures = some_pictures(2)
    pad = Transform(pad=5)

    found = shown(pictures, drawn(pad, steps=2), pad)

    sides = [(0, 0), (5, 5), (5, 5), (0, 0)]
    np.testing.assert_array_equal(found, np.pad(pictures, sides, constant_values=127.5))


def test_transforms_act_in_the_order_of_their_list() -> None:
    pictures = some_pictures(1)
    pad, jitter = Transform(pad=4), Transform(jitter=8)
    maps = drawn(pad, jitter, steps=1)
    right, down = maps[0, [4, 7]].astype(int) + 4

    found = shown(pictures, maps, pad, jitter)

    padded = np.pad(pictures, [(0, 0), (4, 4), (4, 4), (0, 0)], constant_values=127.5)
    np.testing.assert_array_equal(found, padded[:, down : down + SIZE, right : right + SIZE])


def test_a_turn_after_a_pad_is_about_the_centre_of_the_padded_picture() -> None:
    pad, rotate = Transform(pad=4), Transform(rotate=90.0)
    for step in drawn(pad, rotate, steps=10):
        a, b, c, d, e, f = step[2:]
        seen, original = (SIZE + 8 - 1) / 2, (SIZE - 1) / 2
        assert a * seen + b * seen + c == pytest.approx(original, abs=1e-4)
        assert d * seen + e * seen + f == pytest.approx(original, abs=1e-4)


# --- scale and rotate ---


def test_a_turn_by_nothing_is_the_identity() -> None:
    pictures = some_pictures(2)

    found = transform.warp(tf.constant(pictures), affine(transform.turned(0, SIZE), 2), SIZE)

    np.testing.assert_array_equal(found, pictures)


@pytest.mark.parametrize("change", [Transform(scale=1e-9), Transform(rotate=1e-9)], ids=str)
def test_next_to_no_scale_or_turn_changes_next_to_nothing(change: Transform) -> None:
    pictures = some_pictures(2)

    found = shown(pictures, drawn(change, steps=2), change)

    np.testing.assert_allclose(found, pictures, atol=0.05)


def test_a_quarter_turn_is_numpys() -> None:
    pictures = some_pictures(1)

    found = transform.warp(
        tf.constant(pictures), affine(transform.turned(90, SIZE), 1), SIZE, beyond="NEAREST"
    )

    np.testing.assert_allclose(found[0], np.rot90(pictures[0]), atol=0.05)


def test_turns_lie_within_their_range_about_the_centre() -> None:
    maps = drawn(Transform(rotate=10.0))[:, 2:]

    degrees = np.rad2deg(np.arctan2(maps[:, 3], maps[:, 0]))
    assert np.abs(degrees).max() <= 10.001
    assert degrees.min() < -9
    assert degrees.max() > 9
    np.testing.assert_allclose(np.hypot(maps[:, 3], maps[:, 0]), 1, rtol=1e-5)
    middle = (SIZE - 1) / 2
    np.testing.assert_allclose(
        maps[:, 0] * middle + maps[:, 1] * middle + maps[:, 2], middle, rtol=1e-5
    )


def test_scales_lie_within_their_range_about_the_centre() -> None:
    maps = drawn(Transform(scale=0.2))[:, 2:]

    factors = 1 / maps[:, 0]
    assert 0.8 <= factors.min() < 0.82
    assert 1.18 < factors.max() <= 1.2
    np.testing.assert_array_equal(maps[:, 0], maps[:, 4])
    np.testing.assert_array_equal(maps[:, [1, 3]], 0)
    middle = (SIZE - 1) / 2
    np.testing.assert_allclose(maps[:, 0] * middle + maps[:, 2], middle, rtol=1e-5)


# --- all of them ---


@pytest.mark.parametrize("name", ["fine", "lucid"])
def test_draws_depend_on_their_stream_only(name: str) -> None:
    preset = PRESETS[name]

    first, again, other = (transform.draw(preset, np.random.RandomState(n)) for n in (0, 0, 1))

    assert first.shape == (preset.steps, transform.MAP)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_step_has_a_draw_of_its_own() -> None:
    maps = drawn(Transform(rotate=10.0), Transform(scale=0.1))

    assert len(np.unique(maps, axis=0)) == len(maps)


@pytest.mark.parametrize(
    "transforms",
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
def test_the_margin_is_what_a_picture_gains_on_its_way(transforms: tuple[Transform, ...]) -> None:
    pictures = some_pictures(1)
    asked = recipe(*transforms, steps=1)

    found = shown(pictures, drawn(*transforms, steps=1), *transforms)

    assert found.shape == (1, SIZE + asked.margin, SIZE + asked.margin, 3)


def test_without_transforms_a_picture_is_seen_as_it_is() -> None:
    pictures = some_pictures(2)

    np.testing.assert_array_equal(shown(pictures, drawn(steps=2)), pictures)


# --- tiles ---


@pytest.mark.parametrize("wrap", [0, 1, 4, 31])
def test_tiled_pictures_go_on_as_in_numpy(wrap: int) -> None:
    pictures = some_pictures(2)

    found = transform.tiled(tf.constant(pictures), wrap)

    sides = [(0, 0), (wrap, wrap), (wrap, wrap), (0, 0)]
    np.testing.assert_array_equal(found, np.pad(pictures, sides, mode="wrap"))
