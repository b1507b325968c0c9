"""From gradients to steps, against NumPy."""

import numpy as np
import tensorflow as tf

from filter_atlas import optimiser


def some_gradients(count: int) -> np.ndarray:
    random = np.random.RandomState(0)
    return random.normal(0.3, 1, (count, 2, 4, 4, 3)).astype(np.float32)


def test_rms_goes_along_the_gradient_and_remembers_nothing() -> None:
    gradient = tf.constant(some_gradients(1)[0])
    state = optimiser.start("rms", gradient)

    direction, after = optimiser.step("rms", gradient, state, tf.constant(0))

    assert state == ()
    assert after == ()
    np.testing.assert_array_equal(direction, gradient)


def test_adam_is_that_of_the_paper() -> None:
    gradients = some_gradients(12)
    state = optimiser.start("adam", tf.constant(gradients[0]))
    first = second = np.zeros(gradients[0].shape)

    for taken, gradient in enumerate(gradients):
        direction, state = optimiser.step("adam", tf.constant(gradient), state, tf.constant(taken))

        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient.astype(float) ** 2
        unbiased = second / (1 - 0.999 ** (taken + 1))
        expected = first / (1 - 0.9 ** (taken + 1)) / (np.sqrt(unbiased) + 1e-8)
        np.testing.assert_allclose(direction, expected, rtol=1e-3, atol=1e-4)


def test_adams_first_step_is_1_along_every_sign() -> None:
    gradient = tf.constant(some_gradients(1)[0] * 1e-3)

    direction, _ = optimiser.step(
        "adam", gradient, optimiser.start("adam", gradient), tf.constant(0)
    )

    np.testing.assert_allclose(direction, np.sign(gradient), rtol=2e-2)


def test_adam_stays_where_there_is_no_gradient() -> None:
    gradient = tf.zeros([1, 4, 4, 3])

    direction, _ = optimiser.step(
        "adam", gradient, optimiser.start("adam", gradient), tf.constant(0)
    )

    np.testing.assert_array_equal(direction, 0)


def test_adam_treats_every_picture_of_a_batch_for_itself() -> None:
    gradients = some_gradients(3)

    def after(some: np.ndarray) -> np.ndarray:
        state = optimiser.start("adam", tf.constant(some[0]))
        for taken, gradient in enumerate(some):
            direction, state = optimiser.step(
                "adam", tf.constant(gradient), state, tf.constant(taken)
            )
        found: np.ndarray = direction.numpy()
        return found

    np.testing.assert_array_equal(after(gradients)[:1], after(gradients[:, :1]))
