"""Transforms: random changes that a picture must stand, another one at every step.

A form that survives being shifted, scaled and turned is one that the filter looks for; a pattern
of single pixels does not survive. What they do at each step is drawn by NumPy, for every picture
for itself, so that it depends on neither batch nor TensorFlow's version.

Source: C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization" (2017); rolling:
A. Mordvintsev et al., "Inceptionism" (2015).
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from filter_atlas.parametrisation import MID_GREY
from filter_atlas.recipe import Recipe, Transform

MAP = 8
"""Numbers that describe the transforms of a step: the roll down and to the right, in pixels, then
the affine map (a, b, c, d, e, f) that takes a pixel (x, y) of what the network sees to the place
(a·x + b·y + c, d·x + e·y + f) of the picture."""


def pad(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """A border on every side."""
    return shifted(-transform.pad, -transform.pad)


def jitter(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """A crop at a random place."""
    return shifted(*random.randint(0, transform.jitter + 1, 2))


def scale(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """A random scale about the centre."""
    factor = 1 / random.uniform(1 - transform.scale, 1 + transform.scale)
    return _about_centre(np.diag([factor, factor]), side)


def rotate(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """A random turn about the centre."""
    return turned(random.uniform(-transform.rotate, transform.rotate), side)


AFFINE = {"pad": pad, "jitter": jitter, "scale": scale, "rotate": rotate}


def draw(recipe: Recipe, random: np.random.RandomState) -> np.ndarray:
    """Draw the transforms of one picture's whole ascent.

    Returns:
        (steps, MAP) float32.
    """
    steps = [
        _step(recipe.transforms, phase.size, random)
        for phase in recipe.schedule
        for _ in range(phase.steps)
    ]
    return np.array(steps, np.float32)


def _step(transforms: Sequence[Transform], size: int, random: np.random.RandomState) -> list[float]:
    rolls, composed, side = np.zeros(2, int), np.eye(3), size
    for transform in transforms:
        if transform.roll:
            rolls += random.randint(-transform.roll, transform.roll + 1, 2)
        else:
            composed = composed @ AFFINE[transform.kind](transform, side, random)
        side += transform.margin
    return [*rolls, *composed[:2].ravel()]


def shifted(x: float, y: float) -> np.ndarray:
    """The map of a shift by (x, y) pixels: (3, 3), homogeneous coordinates."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)


def turned(degrees: float, side: int) -> np.ndarray:
    """The map of a turn about the centre of a square: (3, 3), homogeneous coordinates."""
    angle = np.deg2rad(degrees)
    sine, cosine = np.sin(angle), np.cos(angle)
    return _about_centre(np.array([[cosine, -sine], [sine, cosine]]), side)


def _about_centre(matrix: np.ndarray, side: int) -> np.ndarray:
    centre = (side - 1) / 2
    linear = np.eye(3)
    linear[:2, :2] = matrix
    about: np.ndarray = shifted(centre, centre) @ linear @ shifted(-centre, -centre)
    return about


def apply(
    transforms: Sequence[Transform], pictures: tf.Tensor, size: int, maps: tf.Tensor
) -> tf.Tensor:
    """Show pictures through the transforms of one step.

    All but the roll are one affine map, applied once: interpolating once keeps a picture sharp.

    Args:
        transforms: those of the recipe.
        pictures: (batch, size, size, 3) float32.
        size: side of the pictures.
        maps: (batch, MAP) float32, one step of what `draw` has drawn.

    Returns:
        (batch, size + recipe.margin, size + recipe.margin, 3) float32.
    """
    if any(transform.roll for transform in transforms):
        pictures = roll(pictures, size, tf.cast(maps[:, :2], tf.int32))
    if any(not transform.roll for transform in transforms):
        margin = sum(transform.margin for transform in transforms)
        pictures = warp(pictures, maps[:, 2:], size + margin)
    return pictures


def roll(pictures: tf.Tensor, size: int, offsets: tf.Tensor) -> tf.Tensor:
    """Shift each picture; what leaves on one side comes in on the other.

    Args:
        pictures: (batch, size, size, 3) float32.
        size: side of the pictures.
        offsets: (batch, 2) int32: down, to the right.

    Returns:
        The same shape.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def rolled(pictures: tf.Tensor) -> tuple[tf.Tensor, object]:
        # The gradient of a gather is a scatter, which is slow and on GPUs unordered; that of a
        # roll is the roll back.
        return _gather(pictures, size, offsets), lambda upper: _gather(upper, size, -offsets)

    return tf.ensure_shape(rolled(pictures), pictures.shape)


def _gather(pictures: tf.Tensor, size: int, offsets: tf.Tensor) -> tf.Tensor:
    places = (tf.range(size) - offsets[:, :, tf.newaxis]) % size
    rows = tf.gather(pictures, places[:, 0], axis=1, batch_dims=1)
    return tf.gather(rows, places[:, 1], axis=2, batch_dims=1)


def tiled(pictures: tf.Tensor, wrap: int) -> tf.Tensor:
    """Continue pictures beyond every side by so many pixels, as if they were tiles of a wall.

    Beyond the border of a picture the network sees black. A filter of edges is easily made to
    fire there, and a picture that is free to do so spends its contrast on a rim.

    Args:
        pictures: (batch, height, width, 3) float32.
        wrap: pixels, less than height and width.

    Returns:
        (batch, height + 2·wrap, width + 2·wrap, 3) float32.
    """
    if not wrap:
        return pictures
    tall = tf.concat([pictures[:, -wrap:], pictures, pictures[:, :wrap]], axis=1)
    return tf.concat([tall[:, :, -wrap:], tall, tall[:, :, :wrap]], axis=2)


def warp(
    pictures: tf.Tensor, maps: tf.Tensor, side: int | tf.Tensor, beyond: str = "CONSTANT"
) -> tf.Tensor:
    """Apply an affine map to each picture, with bilinear interpolation.

    Args:
        pictures: (batch, height, width, channels) float32.
        maps: (batch, 6) float32.
        side: side of the square result.
        beyond: what lies beyond the border: `CONSTANT` (mid-grey), `REFLECT`, `WRAP` or
            `NEAREST`.

    Returns:
        (batch, side, side, channels) float32.
    """
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.pad(maps, [[0, 0], [0, 2]]),
        output_shape=[side, side],
        interpolation="BILINEAR",
        fill_mode=beyond,
        fill_value=MID_GREY,
    )
    known = side if isinstance(side, int) else None
    return tf.ensure_shape(warped, [None, known, known, pictures.shape[-1]])
