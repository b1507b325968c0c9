"""Objectives: the number per picture that an ascent maximises."""

import tensorflow as tf

from filter_atlas.settings.recipe import Recipe

LEAK = 0.01
"""Slope of the leaky activation below zero."""


def activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """The response of a filter after its ReLU. It has no gradient where the filter is silent.

    Source: the loss of F. Chollet, "How convolutional neural networks see the world" (2016).
    """
    return tf.nn.relu(pre_activations)


def pre_activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """The response of a filter before its ReLU. It has a gradient at every cell."""
    return pre_activations


def leaky_activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """The response of a filter after a ReLU that scales values below zero by `LEAK`.

    If the filter fires, this is close to its activation. If it is silent at all cells, this is its
    pre-activation times a constant, which the normalisation of the gradient cancels. So a silent
    filter wakes, and the silent cells of a firing filter hardly count.

    Source of the function: A. Maas, A. Hannun, A. Ng, "Rectifier Nonlinearities Improve Neural
    Network Acoustic Models" (2013).
    """
    return tf.nn.leaky_relu(pre_activations, LEAK)


OBJECTIVES = {
    "activation": activation,
    "pre_activation": pre_activation,
    "leaky_activation": leaky_activation,
}


def without_border(values: tf.Tensor, border: int) -> tf.Tensor:
    """Remove `border` cells from every side of (batch, height, width, ...).

    These cells do not count where circular padding shows the picture's opposite side.
    """
    return values[:, border:-border, border:-border] if border else values


def spatial_mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over space: (batch, height, width, ...) → (batch, ...)."""
    return tf.reduce_mean(values, axis=[1, 2])


def centre(values: tf.Tensor) -> tf.Tensor:
    """The single neuron in the middle: (batch, height, width, ...) → (batch, ...)."""
    shape = tf.shape(values)
    return values[:, shape[1] // 2, shape[2] // 2]


REDUCTIONS = {"spatial_mean": spatial_mean, "centre": centre}


def evaluate(recipe: Recipe, pre_activations: tf.Tensor, negative: bool = False) -> tf.Tensor:
    """The value of a recipe's objective for each picture of a batch.

    Args:
        recipe: names the objective and the reduction.
        pre_activations: (batch, height, width) or (batch, height, width, filters) float32.
        negative: change the sign of the pre-activation first, to find what suppresses the filter.

    Returns:
        (batch,) or (batch, filters) float32.
    """
    signed = -pre_activations if negative else pre_activations
    return REDUCTIONS[recipe.reduction](OBJECTIVES[recipe.objective](signed))


def similarity(features: tf.Tensor, pictures: int) -> tf.Tensor:
    """How similar in style a picture is to the other pictures of its filter, from -1 to 1.

    It is the mean cosine between a picture's Gram matrix and those of the filter's other pictures.
    A Gram matrix describes which channels fire together, at any position. The gradient pushes a
    picture away from the others; it does not push the others.

    Source: the diversity term of C. Olah et al., "Feature Visualization" (2017); Gram matrices:
    L. Gatys et al., "A Neural Algorithm of Artistic Style" (2015).

    Args:
        features: (filters · pictures, height, width, channels) float32; the pictures of one filter
            are neighbours.
        pictures: number of pictures of each filter; at least two.

    Returns:
        (filters · pictures,) float32.
    """
    cells = tf.reshape(features, [tf.shape(features)[0], -1, features.shape[-1]])
    gram = tf.matmul(cells, cells, transpose_a=True)
    flat = tf.reshape(gram, [-1, pictures, features.shape[-1] ** 2])
    unit = tf.math.l2_normalize(flat, axis=-1)
    cosines = tf.matmul(unit, tf.stop_gradient(unit), transpose_b=True)
    others = cosines * (1 - tf.eye(pictures))
    return tf.reshape(tf.reduce_sum(others, axis=-1) / (pictures - 1), [-1])


def with_diversity(values: tf.Tensor, similarities: tf.Tensor, recipe: Recipe) -> tf.Tensor:
    """The objective minus the penalty on similar pictures of one filter.

    The penalty is relative to the objective's own size, so that one weight suits all layers.

    Args:
        values: (batch,) float32, the objective.
        similarities: (batch,) float32, from `similarity`.
        recipe: the recipe.

    Returns:
        (batch,) float32.
    """
    return values - recipe.diversity * tf.stop_gradient(tf.abs(values)) * similarities
