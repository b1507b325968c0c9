"""What holds a picture back: pulls against the objective's gradient, and blur between steps.

The pulls are gradients of penalties over the picture, per pixel and in units in which the
objective's gradient has a root mean square of 1.
"""

import math

import numpy as np
import tensorflow as tf

from filter_atlas.parametrisation import MID_GREY
from filter_atlas.recipe import Recipe

SMOOTHING = 1.0
"""Grey levels below which a difference between neighbours counts as none."""


def l2(pictures: tf.Tensor) -> tf.Tensor:
    """The pull of mid-grey: 0 there, 1 at black and white.

    Gradient of the penalty ½·Σ(x - grey)² / grey, the decay of J. Yosinski et al.,
    "Understanding Neural Networks Through Deep Visualization" (2015).

    Args:
        pictures: (batch, height, width, 3) float32, grey levels.

    Returns:
        The same shape.
    """
    return (pictures - MID_GREY) / MID_GREY


def total_variation(pictures: tf.Tensor) -> tf.Tensor:
    """The pull of the neighbours: between -4 and 4, from all four sides.

    Gradient of Σ √(difference² + smoothing²) over all pairs of neighbours, after L. Rudin,
    S. Osher, E. Fatemi (1992) and A. Mahendran, A. Vedaldi, "Understanding Deep Image
    Representations by Inverting Them" (2015).

    Args:
        pictures: (batch, height, width, 3) float32, grey levels.

    Returns:
        The same shape.
    """

    def pull(difference: tf.Tensor) -> tf.Tensor:
        return difference / tf.sqrt(tf.square(difference) + SMOOTHING**2)

    down = pull(pictures[:, 1:] - pictures[:, :-1])
    right = pull(pictures[:, :, 1:] - pictures[:, :, :-1])
    vertical = tf.pad(down, [[0, 0], [1, 0], [0, 0], [0, 0]]) - tf.pad(
        down, [[0, 0], [0, 1], [0, 0], [0, 0]]
    )
    horizontal = tf.pad(right, [[0, 0], [0, 0], [1, 0], [0, 0]]) - tf.pad(
        right, [[0, 0], [0, 0], [0, 1], [0, 0]]
    )
    return vertical + horizontal


def pull(pictures: tf.Tensor, recipe: Recipe) -> tf.Tensor | None:
    """All pulls of a recipe together; None where it has none."""
    weighted = [
        weight * penalty(pictures)
        for weight, penalty in [
            (recipe.regularisers.l2, l2),
            (recipe.regularisers.total_variation, total_variation),
        ]
        if weight
    ]
    return tf.add_n(weighted) if weighted else None


def blur(pictures: tf.Tensor, radius: float) -> tf.Tensor:
    """Gaussian blur; beyond the border the picture goes on as its own mirror image.

    Source: J. Yosinski et al., "Understanding Neural Networks Through Deep Visualization" (2015).

    Args:
        pictures: (batch, size, size, 3) float32.
        radius: standard deviation, in pixels.

    Returns:
        The same shape.
    """
    weights = _blurring(pictures.shape[1], radius)
    return tf.einsum("yr,brxc,xq->byqc", weights, pictures, weights.T)


def _blurring(size: int, radius: float) -> np.ndarray:
    """Blur along one side as a matrix: (size, size) float32, rows sum to 1."""
    reach = min(math.ceil(4 * radius), size)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / radius) ** 2)
    matrix = np.zeros((size, size))
    for row in range(size):
        places = row + offsets
        places = np.where(places < 0, -1 - places, places)
        places = np.where(places >= size, 2 * size - 1 - places, places)
        np.add.at(matrix[row], places, kernel / kernel.sum())
    return matrix.astype(np.float32)
