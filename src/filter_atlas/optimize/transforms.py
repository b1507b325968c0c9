"""Transforms: random changes to the picture before the network sees it, different at every step.

Forms that activate the filter also do so when they are shifted, scaled and rotated; patterns of
single pixels do not. NumPy draws the parameters of every step, separately for each picture. So they
depend neither on the batch nor on TensorFlow's version.

Source: C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization" (2017); rolling:
A. Mordvintsev et al., "Inceptionism" (2015).
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from filter_atlas.optimize.parametrisations import MID_GREY
from filter_atlas.settings.recipe import Recipe, Transform

PARAMETERS = 8
"""Number of parameters of one step: the roll down and to the right, in pixels, then the affine map
(a, b, c, d, e, f). It maps a pixel (x, y) of what the network sees to the position
(a·x + b·y + c, d·x + e·y + f) in the picture."""


def pad(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """The map that adds a border on every side."""
    return shifted(-transform.pad, -transform.pad)


def jitter(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """The map of a crop at a random position."""
    return shifted(*random.randint(0, transform.jitter + 1, 2))


def scale(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """The map of a random scaling about the centre."""
    factor = 1 / random.uniform(1 - transform.scale, 1 + transform.scale)
    return _about_centre(np.diag([factor, factor]), side)


def rotate(transform: Transform, side: int, random: np.random.RandomState) -> np.ndarray:
    """The map of a random rotation about the centre."""
    return rotated(random.uniform(-transform.rotate, transform.rotate), side)


AFFINE = {"pad": pad, "jitter": jitter, "scale": scale, "rotate": rotate}


def draw_parameters(recipe: Recipe, random: np.random.RandomState) -> np.ndarray:
    """Draw the parameters of all transforms of one picture's ascent.

    Returns:
        (steps, PARAMETERS) float32.
    """
    steps = [
        _step_parameters(recipe.transforms, phase.size, random)
        for phase in recipe.schedule
        for _ in range(phase.steps)
    ]
    return np.array(steps, np.float32)


def _step_parameters(
    transforms: Sequence[Transform], size: int, random: np.random.RandomState
) -> list[float]:
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


def rotated(degrees: float, side: int) -> np.ndarray:
    """The map of a rotation about the centre of a square: (3, 3), homogeneous coordinates."""
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
    transforms: Sequence[Transform], pictures: tf.Tensor, size: int, parameters: tf.Tensor
) -> tf.Tensor:
    """Apply the transforms of one step to pictures.

    All transforms except the roll form one affine map, because a single interpolation keeps a
    picture sharp.

    Args:
        transforms: the recipe's transforms.
        pictures: (batch, size, size, 3) float32.
        size: side of the pictures.
        parameters: (batch, PARAMETERS) float32, of one step, from `draw_parameters`.

    Returns:
        (batch, size + recipe.margin, size + recipe.margin, 3) float32.
    """
    if any(transform.roll for transform in transforms):
        pictures = roll(pictures, size, tf.cast(parameters[:, :2], tf.int32))
    if any(not transform.roll for transform in transforms):
        margin = sum(transform.margin for transform in transforms)
        pictures = warp(pictures, parameters[:, 2:], size + margin)
    return pictures


def roll(pictures: tf.Tensor, size: int, offsets: tf.Tensor) -> tf.Tensor:
    """Shift each picture; pixels that leave on one side enter on the opposite side.

    Args:
        pictures: (batch, size, size, 3) float32.
        size: side of the pictures.
        offsets: (batch, 2) int32: pixels down, and to the right.

    Returns:
        The same shape.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def rolled(pictures: tf.Tensor) -> tuple[tf.Tensor, object]:
        # The gradient of a gather is a scatter, which is slow, and unordered on GPUs. The gradient
        # of a roll is the roll back.
        return _gather(pictures, size, offsets), lambda upper: _gather(upper, size, -offsets)

    return tf.ensure_shape(rolled(pictures), pictures.shape)


def _gather(pictures: tf.Tensor, size: int, offsets: tf.Tensor) -> tf.Tensor:
    indices = (tf.range(size) - offsets[:, :, tf.newaxis]) % size
    rows = tf.gather(pictures, indices[:, 0], axis=1, batch_dims=1)
    return tf.gather(rows, indices[:, 1], axis=2, batch_dims=1)


def pad_circularly(pictures: tf.Tensor, padding: int) -> tf.Tensor:
    """Extend pictures on every side by pixels of the opposite side.

    Without this, the network sees black beyond the border. Filters that detect edges fire there
    easily, and the ascent would spend the picture's contrast on a rim.

    Args:
        pictures: (batch, height, width, 3) float32.
        padding: in pixels; less than height and width.

    Returns:
        (batch, height + 2·padding, width + 2·padding, 3) float32.
    """
    if not padding:
        return pictures
    tall = tf.concat([pictures[:, -padding:], pictures, pictures[:, :padding]], axis=1)
    return tf.concat([tall[:, :, -padding:], tall, tall[:, :, :padding]], axis=2)


def warp(
    pictures: tf.Tensor, maps: tf.Tensor, side: int | tf.Tensor, fill_mode: str = "CONSTANT"
) -> tf.Tensor:
    """Apply an affine map to each picture, with bilinear interpolation.

    Args:
        pictures: (batch, height, width, channels) float32.
        maps: (batch, 6) float32.
        side: side of the square result.
        fill_mode: how to fill pixels beyond the border: `CONSTANT` (mid-grey), `REFLECT`, `WRAP`
            or `NEAREST`.

    Returns:
        (batch, side, side, channels) float32.
    """
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.pad(maps, [[0, 0], [0, 2]]),
        output_shape=[side, side],
        interpolation="BILINEAR",
        fill_mode=fill_mode,
        fill_value=MID_GREY,
    )
    static_side = side if isinstance(side, int) else None
    return tf.ensure_shape(warped, [None, static_side, static_side, pictures.shape[-1]])
