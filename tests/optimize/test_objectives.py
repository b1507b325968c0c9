"""Objectives, compared with NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.optimize import objectives
from filter_atlas.settings.recipe import Phase, Recipe

SCHEDULE = (Phase(size=32, steps=1, step_size=1.0),)

NUMPY_OBJECTIVES = {
    "activation": lambda values: np.maximum(values, 0),
    "pre_activation": lambda values: values,
    "leaky_activation": lambda values: np.where(values > 0, values, 0.01 * values),
}


def recipe(**changes: object) -> Recipe:
    return Recipe(schedule=SCHEDULE).model_copy(update=changes)


def some_values(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).normal(0, 3, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 6, 6), (2, 6, 6, 4)], ids=str)
@pytest.mark.parametrize("name", NUMPY_OBJECTIVES)
def test_an_objective_is_the_mean_over_space(name: str, shape: tuple[int, ...]) -> None:
    values = some_values(*shape)

    found = objectives.evaluate(recipe(objective=name), tf.constant(values))

    expected = NUMPY_OBJECTIVES[name](values).mean(axis=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NUMPY_OBJECTIVES)
def test_a_negative_objective_changes_the_sign_of_the_pre_activation(name: str) -> None:
    values = some_values(3, 5, 5)

    found = objectives.evaluate(recipe(objective=name), tf.constant(values), negative=True)

    expected = NUMPY_OBJECTIVES[name](-values).mean(axis=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("border", [1, 2])
def test_a_border_does_not_count(border: int) -> None:
    values = some_values(2, 7, 7, 3)
    used = recipe(objective="pre_activation")

    found = objectives.evaluate(used, objectives.without_border(values, border))

    inner = values[:, border:-border, border:-border]
    np.testing.assert_allclose(found, inner.mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)
    rim = values.copy()
    rim[:, :border] = 1e6
    rim[:, :, -border:] = -1e6
    again = objectives.evaluate(used, objectives.without_border(rim, border))
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize(("side", "middle"), [(7, 3), (8, 4)])
def test_the_centre_is_a_single_neuron(side: int, middle: int) -> None:
    values = some_values(2, side, side)
    used = recipe(objective="pre_activation", reduction="centre")

    found = objectives.evaluate(used, tf.constant(values))

    np.testing.assert_array_equal(found, values[:, middle, middle])


@pytest.mark.parametrize("border", [1, 3])
def test_the_centre_stays_the_centre_with_a_border(border: int) -> None:
    values = some_values(2, 9, 9)
    used = recipe(objective="pre_activation", reduction="centre")

    found = objectives.evaluate(used, objectives.without_border(values, border))

    np.testing.assert_array_equal(found, values[:, 4, 4])


def test_only_the_activation_of_a_silent_filter_has_no_gradient() -> None:
    values = tf.constant(-np.abs(some_values(1, 4, 4)) - 1)

    def steepness(name: str) -> float:
        with tf.GradientTape() as tape:
            tape.watch(values)
            value = objectives.evaluate(recipe(objective=name), values)
        return float(tf.reduce_sum(tape.gradient(value, values)))

    assert steepness("activation") == 0
    assert steepness("pre_activation") == pytest.approx(1)
    assert steepness("leaky_activation") == pytest.approx(objectives.LEAK)


def test_identical_pictures_have_a_similarity_of_1_and_different_ones_a_lower_one() -> None:
    features = np.abs(some_values(3, 4, 4, 5))
    identical = np.stack([features[0]] * 3)

    np.testing.assert_allclose(objectives.similarity(tf.constant(identical), 3), 1, rtol=1e-5)
    assert np.max(objectives.similarity(tf.constant(features), 3)) < 0.99


def test_similarity_is_the_mean_cosine_between_gram_matrices_of_the_same_filter() -> None:
    features = some_values(6, 4, 4, 5)

    found = objectives.similarity(tf.constant(features), 3)

    cells = features.reshape(2, 3, 16, 5).astype(float)
    gram = np.einsum("fpic,fpid->fpcd", cells, cells).reshape(2, 3, 25)
    unit = gram / np.linalg.norm(gram, axis=-1, keepdims=True)
    expected = [
        np.mean(
            [unit[filter, picture] @ unit[filter, other] for other in range(3) if other != picture]
        )
        for filter in range(2)
        for picture in range(3)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_similarity_does_not_depend_on_position() -> None:
    features = np.abs(some_values(1, 4, 4, 5))
    moved = np.concatenate([features, np.roll(features, (1, 2), axis=(1, 2))])

    np.testing.assert_allclose(objectives.similarity(tf.constant(moved), 2), 1, rtol=1e-5)


def test_the_gradient_of_similarity_changes_a_picture_and_not_the_others() -> None:
    features = tf.constant(np.abs(some_values(3, 4, 4, 5)))

    with tf.GradientTape() as tape:
        tape.watch(features)
        first = objectives.similarity(features, 3)[0]
    gradient = tape.gradient(first, features).numpy()

    assert np.abs(gradient[0]).max() > 0
    np.testing.assert_array_equal(gradient[1:], 0)


def test_diversity_is_relative_to_the_size_of_the_objective() -> None:
    values = np.array([2.0, -4.0], np.float32)
    similarities = np.array([0.5, 0.25], np.float32)
    used = recipe(pictures=2, diversity=3.0)

    found = objectives.with_diversity(tf.constant(values), tf.constant(similarities), used)

    np.testing.assert_allclose(found, [2 - 3 * 2 * 0.5, -4 - 3 * 4 * 0.25], rtol=1e-6)
