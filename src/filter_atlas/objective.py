"""What an ascent maximises: one number per picture."""

import tensorflow as tf

from filter_atlas.recipe import Recipe

LEAK = 0.01
"""Slope of the leaky activation below zero."""


def activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """A filter after its ReLU; where it is silent it has no gradient.

    Source: the loss of F. Chollet, "How convolutional neural networks see the world" (2016).
    """
    return tf.nn.relu(pre_activations)


def pre_activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """A filter before its ReLU; it has a gradient everywhere."""
    return pre_activations


def leaky_activation(pre_activations: tf.Tensor) -> tf.Tensor:
    """A filter after a ReLU that lets `LEAK` of what is below zero through.

    Where the filter fires this is all but its activation. Where it is silent everywhere it is
    its pre-activation but for a factor, which a normalised gradient does not see: so a silent
    filter wakes, and one that is awake is not held back by where it is silent.

    Source: A. Maas, A. Hannun, A. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
    Models" (2013), for the function.
    """
    return tf.nn.leaky_relu(pre_activations, LEAK)


MEASURES = {
    "activation": activation,
    "pre_activation": pre_activation,
    "leaky_activation": leaky_activation,
}


def everywhere(values: tf.Tensor, border: int = 0) -> tf.Tensor:
    """The mean over space, without `border` cells at every side.

    (batch, height, width, ...) → (batch, ...).
    """
    inner = values[:, border:-border, border:-border] if border else values
    return tf.reduce_mean(inner, axis=[1, 2])


def centre(values: tf.Tensor, border: int = 0) -> tf.Tensor:
    """The single neuron in the middle: (batch, height, width, ...) → (batch, ...)."""
    shape = tf.shape(values)
    return values[:, shape[1] // 2, shape[2] // 2]


PLACES = {"everywhere": everywhere, "centre": centre}


def evaluate(
    recipe: Recipe, pre_activations: tf.Tensor, border: int = 0, negative: bool = False
) -> tf.Tensor:
    """The value of a recipe's objective for each picture of a batch.

    Args:
        recipe: what is measured, and where.
        pre_activations: (batch, height, width) or (batch, height, width, filters) float32.
        border: cells at every side that show the picture's other side and do not count.
        negative: measure what the filter is suppressed by, its pre-activation turned round.

    Returns:
        (batch,) or (batch, filters) float32.
    """
    signed = -pre_activations if negative else pre_activations
    return PLACES[recipe.place](MEASURES[recipe.objective](signed), border)


def similarity(features: tf.Tensor, pictures: int) -> tf.Tensor:
    """How alike the pictures of one filter are in style, from -1 to 1, for each picture.

    The mean cosine between a picture's Gram matrix (which channels fire together, wherever) and
    those of the filter's other pictures. Gradients push a picture away from the others, not the
    others from it.

    Source: the diversity term of C. Olah et al., "Feature Visualization" (2017); Gram matrices:
    L. Gatys et al., "A Neural Algorithm of Artistic Style" (2015).

    Args:
        features: (filters · pictures, height, width, channels) float32, the pictures of one
            filter side by side.
        pictures: how many there are of each filter; at least two.

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


def diverse(values: tf.Tensor, alike: tf.Tensor, recipe: Recipe) -> tf.Tensor:
    """The objective less the penalty for pictures of one filter that are alike.

    The penalty is weighed against the objective's own size, so that one weight suits all layers.

    Args:
        values: (batch,) float32, the objective.
        alike: (batch,) float32, from `similarity`.
        recipe: the recipe.

    Returns:
        (batch,) float32.
    """
    return values - recipe.diversity * tf.stop_gradient(tf.abs(values)) * alike
