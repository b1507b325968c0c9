"""From gradients to steps, compared with NumPy."""

import numpy as np
import tensorflow as tf

from filter_atlas.optimize import optimisers


def some_gradients(count: int) -> np.ndarray:
    random = np.random.RandomState(0)
    return random.normal(0.3, 1, (count, 2, 4, 4, 3)).astype(np.float32)


def test_rms_follows_the_gradient_and_has_no_state() -> None:
    gradient = tf.constant(some_gradients(1)[0])
    state = optimisers.start("rms", gradient)

    direction, after = optimisers.step("rms", gradient, state, tf.constant(0))

    assert state == ()
    assert after == ()
    np.testing.assert_array_equal(direction, gradient)


def test_adam_is_that_of_the_paper() -> None:
    gradients = some_gradients(12)
    state = optimisers.start("adam", tf.constant(gradients[0]))
    first = second = np.zeros(gradients[0].shape)

    for steps_taken, gradient in enumerate(gradients):
        direction, state = optimisers.step(
            "adam", tf.constant(gradient), state, tf.constant(steps_taken)
        )

        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient.astype(float) ** 2
        unbiased = second / (1 - 0.999 ** (steps_taken + 1))
        expected = first / (1 - 0.9 ** (steps_taken + 1)) / (np.sqrt(unbiased) + 1e-8)
        np.testing.assert_allclose(direction, expected, rtol=1e-3, atol=1e-4)


def test_adams_first_step_is_the_sign_of_the_gradient() -> None:
    gradient = tf.constant(some_gradients(1)[0] * 1e-3)

    direction, _ = optimisers.step(
        "adam", gradient, optimisers.start("adam", gradient), tf.constant(0)
    )

    np.testing.assert_allclose(direction, np.sign(gradient), rtol=2e-2)


def test_adam_does_not_move_without_a_gradient() -> None:
    gradient = tf.zeros([1, 4, 4, 3])

    direction, _ = optimisers.step(
        "adam", gradient, optimisers.start("adam", gradient), tf.constant(0)
    )

    np.testing.assert_array_equal(direction, 0)


def test_adam_treats_every_picture_of_a_batch_separately() -> None:
    gradients = some_gradients(3)

    def last_direction(sequence: np.ndarray) -> np.ndarray:
        state = optimisers.start("adam", tf.constant(sequence[0]))
        for steps_taken, gradient in enumerate(sequence):
            direction, state = optimisers.step(
                "adam", tf.constant(gradient), state, tf.constant(steps_taken)
            )
        found: np.ndarray = direction.numpy()
        return found

    np.testing.assert_array_equal(last_direction(gradients)[:1], last_direction(gradients[:, :1]))
