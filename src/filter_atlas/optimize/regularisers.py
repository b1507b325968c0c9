"""Regularisers: gradients of penalties, subtracted from the objective's, and blur between steps.

The gradients of penalties are per pixel. The objective's gradient is scaled to a root mean square
of 1 before they are subtracted.
"""

import math

import numpy as np
import tensorflow as tf

from filter_atlas.optimize.parametrisations import MID_GREY
from filter_atlas.settings.recipe import Recipe

SMOOTHING = 1.0
"""Differences between neighbours much smaller than this, in grey levels, have little effect."""


def l2(pictures: tf.Tensor) -> tf.Tensor:
    """Gradient of the distance from mid-grey: 0 at mid-grey, -1 at black, 1 at white.

    The penalty is ½·Σ(x - grey)² / grey, the decay of J. Yosinski et al., "Understanding Neural
    Networks Through Deep Visualization" (2015).

    Args:
        pictures: (batch, height, width, 3) float32, grey levels.

    Returns:
        The same shape.
    """
    return (pictures - MID_GREY) / MID_GREY


def total_variation(pictures: tf.Tensor) -> tf.Tensor:
    """Gradient of the differences between the four neighbours of each pixel, from -4 to 4.

    The penalty is Σ √(difference² + smoothing²) over all pairs of neighbours, after L. Rudin,
    S. Osher, E. Fatemi (1992) and A. Mahendran, A. Vedaldi, "Understanding Deep Image
    Representations by Inverting Them" (2015).

    Args:
        pictures: (batch, height, width, 3) float32, grey levels.

    Returns:
        The same shape.
    """

    def smooth_sign(difference: tf.Tensor) -> tf.Tensor:
        return difference / tf.sqrt(tf.square(difference) + SMOOTHING**2)

    down = smooth_sign(pictures[:, 1:] - pictures[:, :-1])
    right = smooth_sign(pictures[:, :, 1:] - pictures[:, :, :-1])
    vertical = tf.pad(down, [[0, 0], [1, 0], [0, 0], [0, 0]]) - tf.pad(
        down, [[0, 0], [0, 1], [0, 0], [0, 0]]
    )
    horizontal = tf.pad(right, [[0, 0], [0, 0], [1, 0], [0, 0]]) - tf.pad(
        right, [[0, 0], [0, 0], [0, 1], [0, 0]]
    )
    return vertical + horizontal


def penalty_gradient(pictures: tf.Tensor, recipe: Recipe) -> tf.Tensor | None:
    """The weighted sum of a recipe's penalty gradients; None if the recipe has no penalty.

    Args:
        pictures: (batch, height, width, 3) float32, grey levels.
        recipe: the recipe.

    Returns:
        The same shape.
    """
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
    """Gaussian blur; the picture is mirrored at its border.

    Source: J. Yosinski et al., "Understanding Neural Networks Through Deep Visualization" (2015).

    Args:
        pictures: (batch, size, size, 3) float32.
        radius: standard deviation, in pixels.

    Returns:
        The same shape.
    """
    weights = _blur_matrix(pictures.shape[1], radius)
    return tf.einsum("yr,brxc,xq->byqc", weights, pictures, weights.T)


def _blur_matrix(size: int, radius: float) -> np.ndarray:
    """Blur along one side as a matrix: (size, size) float32; rows sum to 1."""
    reach = min(math.ceil(4 * radius), size)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / radius) ** 2)
    matrix = np.zeros((size, size))
    for row in range(size):
        columns = row + offsets
        columns = np.where(columns < 0, -1 - columns, columns)
        columns = np.where(columns >= size, 2 * size - 1 - columns, columns)
        np.add.at(matrix[row], columns, kernel / kernel.sum())
    return matrix.astype(np.float32)
