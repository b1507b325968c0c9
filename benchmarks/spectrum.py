"""A parametrisation with the spectrum of photographs, for `truth.py`: only phases are optimised.

After T. Fel et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained
Optimization" (NeurIPS 2023). It is not part of the product, because it tells an observer less than
`atlas` does (docs/truth.md).
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import tensorflow as tf
from PIL import Image

from filter_atlas.optimize.parametrisations import (
    COLOUR_CORRELATION,
    FOURIER_GAIN,
    MID_GREY,
    Fourier,
)
from filter_atlas.settings.recipe import Recipe

RANGE = (0.02, 0.98)
"""Grey levels, as shares, to which photographs are clipped: the sigmoid reaches neither 0 nor 1."""


class NaturalSpectrum(Fourier):
    """Fourier coefficients whose magnitudes are the mean of those of photographs.

    Args:
        recipe: the recipe; its parametrisation is `fourier`.
        photographs: (size, size, 3) uint8 each, RGB.
    """

    def __init__(self, recipe: Recipe, photographs: Sequence[np.ndarray]) -> None:
        super().__init__(recipe)
        self._photographs = photographs
        self._magnitudes = cache(self._measure)

    def pictures(self, parameters: tf.Tensor, size: int) -> tf.Tensor:
        """The grey levels of pictures with the phases of the coefficients."""
        spectrum = tf.complex(parameters[:, 0], parameters[:, 1])
        length = tf.cast(tf.abs(spectrum) + 1e-6, tf.complex64)
        images = tf.signal.irfft2d(spectrum / length * self._magnitudes(size), [size, size])
        colours = tf.einsum("bchw,kc->bhwk", images, _correlation()) * FOURIER_GAIN
        return tf.reverse(tf.sigmoid(colours), axis=[-1]) * (2 * MID_GREY)

    def _measure(self, size: int) -> np.ndarray:
        """Mean magnitudes of the photographs in uncorrelated colours: (3, size, size // 2 + 1)."""
        total = np.zeros((3, size, size // 2 + 1))
        for photograph in self._photographs:
            scaled = Image.fromarray(photograph).resize((size, size), Image.Resampling.BICUBIC)
            share = np.clip(np.asarray(scaled) / 255, *RANGE)
            colours = np.log(share / (1 - share)) / FOURIER_GAIN
            total += np.abs(
                np.fft.rfft2(colours @ np.linalg.inv(_correlation()).T, axes=(0, 1)).transpose(
                    2, 0, 1
                )
            )
        magnitudes: np.ndarray = (total / len(self._photographs)).astype(np.complex64)
        return magnitudes


def _correlation() -> np.ndarray:
    largest = np.linalg.norm(COLOUR_CORRELATION, axis=0).max()
    correlation: np.ndarray = COLOUR_CORRELATION / largest
    return correlation
