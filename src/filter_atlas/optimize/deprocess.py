"""Converting the result of an ascent to a visible picture of 8 bits."""

import numpy as np

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
