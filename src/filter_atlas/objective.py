"""What an ascent maximises: one number per picture."""

import tensorflow as tf

from filter_atlas.recipe import Objective


def mean_activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """Mean over space of a filter after its ReLU, the article's loss.

    Args:
        pre_activations: (batch, height, width) float32.

    Returns:
        (batch,) float32, never negative.
    """
    return tf.reduce_mean(tf.nn.relu(pre_activations), axis=[1, 2])


def mean_pre_activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """Mean over space of a filter before its ReLU.

    Unlike the activation it has a gradient everywhere, so that a filter which is silent at the
    start can be woken.

    Args:
        pre_activations: (batch, height, width) float32.

    Returns:
        (batch,) float32.
    """
    return tf.reduce_mean(pre_activations, axis=[1, 2])


OBJECTIVES = {"activation": mean_activation, "pre_activation": mean_pre_activation}


def evaluate(objective: Objective, pre_activations: tf.Tensor) -> tf.Tensor:
    """The value of a recipe's objective for each picture of a batch."""
    return OBJECTIVES[objective](pre_activations)
