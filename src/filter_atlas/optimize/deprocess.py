"""Converting the result of an ascent to a visible picture of 8 bits."""

import numpy as np
import tensorflow as tf

STD_FLOOR = 1e-5
"""Added to a picture's standard deviation before dividing by it, as in the article."""


def deprocess(picture: np.ndarray, contrast: float) -> np.ndarray:
    """Make the result of an ascent visible, exactly as the article does.

    Centre on zero, scale to a standard deviation of `contrast`, shift to mid-grey, clip, and
    convert to 8 bits. Then swap the channels: the network's pictures are BGR, and files are RGB.
    (The article left them swapped.)

    Source: `deprocess_image` in F. Chollet, "How convolutional neural networks see the world",
    The Keras Blog (2016).

    Args:
        picture: (height, width, 3) float32, BGR, unbounded.
        contrast: standard deviation of the result, as a share of the full range.

    Returns:
        (height, width, 3) uint8, RGB.
    """
    centred = picture - picture.mean()
    scaled = centred / (centred.std() + STD_FLOOR) * contrast + 0.5
    pixels: np.ndarray = (np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return pixels[..., ::-1]


def with_contrast(pictures: tf.Tensor, contrast: float) -> tf.Tensor:
    """The pictures that `deprocess` makes visible, before they become 8 bits.

    Args:
        pictures: (batch, height, width, 3) float32.
        contrast: as for `deprocess`.

    Returns:
        The same shape, grey levels from 0 to 255.
    """
    mean = tf.reduce_mean(pictures, axis=[1, 2, 3], keepdims=True)
    std = tf.math.reduce_std(pictures, axis=[1, 2, 3], keepdims=True)
    scaled = (pictures - mean) / (std + STD_FLOOR) * contrast + 0.5
    return tf.clip_by_value(scaled, 0, 1) * 255
