"""Optimisers: from a gradient to a step. Each step passes its state to the next step."""

import tensorflow as tf

from filter_atlas.settings.recipe import Optimiser

State = tuple[tf.Tensor, ...]

ADAM_FIRST = 0.9
ADAM_SECOND = 0.999
ADAM_FLOOR = 1e-8
"""The constants of the paper by Kingma and Ba, which are the usual defaults."""


def start(optimiser: Optimiser, parameters: tf.Tensor) -> State:
    """The state before the first step."""
    if optimiser == "rms":
        return ()
    return (tf.zeros_like(parameters), tf.zeros_like(parameters))


def step(
    optimiser: Optimiser, gradient: tf.Tensor, state: State, steps_taken: tf.Tensor
) -> tuple[tf.Tensor, State]:
    """The direction of a step of size 1, and the state after the step.

    `rms` follows the gradient, which the ascent has already divided by its root mean square
    (F. Chollet, 2016). `adam` is the method of D. Kingma, J. Ba, "Adam: A Method for Stochastic
    Optimization" (2014).

    Args:
        optimiser: name of the optimiser.
        gradient: of any shape; it points upwards.
        state: from `start`, or from the previous step.
        steps_taken: number of steps before this one; int32.
    """
    if optimiser == "rms":
        return gradient, state
    first, second = state
    first = ADAM_FIRST * first + (1 - ADAM_FIRST) * gradient
    second = ADAM_SECOND * second + (1 - ADAM_SECOND) * tf.square(gradient)
    steps = tf.cast(steps_taken + 1, tf.float32)
    unbiased_first = first / (1 - tf.pow(ADAM_FIRST, steps))
    unbiased_second = second / (1 - tf.pow(ADAM_SECOND, steps))
    return unbiased_first / (tf.sqrt(unbiased_second) + ADAM_FLOOR), (first, second)
