"""How a gradient becomes a step: one small state per batch, carried from step to step."""

import tensorflow as tf

from filter_atlas.recipe import Optimiser

State = tuple[tf.Tensor, ...]

ADAM_FIRST = 0.9
ADAM_SECOND = 0.999
ADAM_FLOOR = 1e-8
"""The constants of the paper, and the defaults everywhere."""


def start(optimiser: Optimiser, parameters: tf.Tensor) -> State:
    """The state before the first step."""
    if optimiser == "rms":
        return ()
    return (tf.zeros_like(parameters), tf.zeros_like(parameters))


def step(
    optimiser: Optimiser, gradient: tf.Tensor, state: State, taken: tf.Tensor
) -> tuple[tf.Tensor, State]:
    """The direction of a step of rate 1, and the state after it.

    `rms` goes along the gradient, which the ascent has already divided by its root mean square
    (F. Chollet, 2016). `adam` is that of D. Kingma, J. Ba, "Adam: A Method for Stochastic
    Optimization" (2014).

    Args:
        optimiser: which one.
        gradient: of any shape; upwards.
        state: from `start`, or from the step before.
        taken: how many steps this state has seen; int32.
    """
    if optimiser == "rms":
        return gradient, state
    first, second = state
    first = ADAM_FIRST * first + (1 - ADAM_FIRST) * gradient
    second = ADAM_SECOND * second + (1 - ADAM_SECOND) * tf.square(gradient)
    steps = tf.cast(taken + 1, tf.float32)
    unbiased_first = first / (1 - tf.pow(ADAM_FIRST, steps))
    unbiased_second = second / (1 - tf.pow(ADAM_SECOND, steps))
    return unbiased_first / (tf.sqrt(unbiased_second) + ADAM_FLOOR), (first, second)
