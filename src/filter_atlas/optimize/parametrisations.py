"""Parametrisations: the numbers that an ascent changes, and the pictures that they describe.

Each parametrisation has a random start (by NumPy, whose streams never change), a map from
parameters to pictures, and a way to resize parameters.
"""

from abc import ABC, abstractmethod

import numpy as np
import tensorflow as tf

from filter_atlas.optimize.deprocess import with_contrast
from filter_atlas.settings.recipe import Recipe

MID_GREY = 127.5

COLOUR_CORRELATION = np.array(
    [[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32
)
"""Square root of the correlations of ImageNet's colours, RGB. Source: Lucid's `color.py`
(C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization", 2017)."""

FOURIER_GAIN = 0.25
"""Factor of the image of Fourier coefficients before the sigmoid, from Lucid."""


class Parametrisation(ABC):
    """A way to describe pictures by parameters.

    Args:
        recipe: the recipe.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @abstractmethod
    def start(self, random: np.random.RandomState) -> np.ndarray:
        """Random parameters of one picture, float32, for the first phase's size."""

    @abstractmethod
    def pictures(self, parameters: tf.Tensor, size: int) -> tf.Tensor:
        """The pictures that the parameters describe: (batch, size, size, 3) float32, BGR."""

    @abstractmethod
    def resize(self, parameters: tf.Tensor, before: int, size: int) -> tf.Tensor:
        """The parameters of the same pictures at another size."""

    def bounded(self, parameters: tf.Tensor) -> tf.Tensor:
        """The nearest parameters whose pictures have grey levels from 0 to 255."""
        return parameters


class Pixels(Parametrisation):
    """The pixels themselves, unbounded, as in the article.

    Parameters are the pictures: (batch, size, size, 3) float32, BGR, grey levels.
    """

    def start(self, random: np.random.RandomState) -> np.ndarray:
        """Uniform noise in [start_floor, start_floor + start_noise), drawn for every value."""
        size = self.recipe.schedule[0].size
        noise = random.random_sample((size, size, 3))
        return (noise * self.recipe.start_noise + self.recipe.start_floor).astype(np.float32)

    def pictures(self, parameters: tf.Tensor, size: int) -> tf.Tensor:
        """The parameters themselves."""
        return parameters

    def bounded(self, parameters: tf.Tensor) -> tf.Tensor:
        """The pictures, clipped to grey levels, if the network is fed as it was trained."""
        return tf.clip_by_value(parameters, 0, 255) if self.recipe.as_trained else parameters

    def resize(self, parameters: tf.Tensor, before: int, size: int) -> tf.Tensor:
        """The pictures resized by interpolation, in 8 bits if the recipe requantises."""
        if size == before:
            return parameters
        if not self.recipe.requantise:
            return self._interpolated(parameters, size)
        mean = tf.reduce_mean(parameters, axis=[1, 2, 3], keepdims=True)
        std = tf.math.reduce_std(parameters, axis=[1, 2, 3], keepdims=True)
        contrast = self.recipe.requantise
        levels = tf.floor(with_contrast(parameters, contrast))
        enlarged = tf.round(tf.clip_by_value(self._interpolated(levels, size), 0, 255))
        return (enlarged / 255 - 0.5) / contrast * std + mean

    def _interpolated(self, pictures: tf.Tensor, size: int) -> tf.Tensor:
        resized = tf.image.resize(pictures, [size, size], method=self.recipe.resize)
        return tf.ensure_shape(resized, [None, size, size, 3])


class Fourier(Parametrisation):
    """Coefficients of a Fourier series, in colours that are uncorrelated in natural pictures.

    High frequencies are scaled down, so that a step changes coarse and fine forms equally. A
    sigmoid keeps grey levels between 0 and 255. Parameters are (batch, 2, 3, size, size // 2 + 1)
    float32: real and imaginary parts of the half spectra of three colours.

    Source: C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization" (2017); Lucid's
    `fft_image` and `to_valid_rgb`.
    """

    def start(self, random: np.random.RandomState) -> np.ndarray:
        """Normal noise with a standard deviation of `fourier_start`."""
        size = self.recipe.schedule[0].size
        noise = random.standard_normal((2, 3, size, size // 2 + 1)) * self.recipe.fourier_start
        return noise.astype(np.float32)

    def pictures(self, parameters: tf.Tensor, size: int) -> tf.Tensor:
        """The grey levels that the coefficients describe."""
        spectrum = tf.complex(parameters[:, 0], parameters[:, 1]) * self._scale(size)
        images = tf.signal.irfft2d(spectrum, [size, size]) * FOURIER_GAIN
        largest = np.linalg.norm(COLOUR_CORRELATION, axis=0).max()
        colours = tf.einsum("bchw,kc->bhwk", images, COLOUR_CORRELATION / largest)
        return tf.reverse(tf.sigmoid(colours), axis=[-1]) * (2 * MID_GREY)

    def resize(self, parameters: tf.Tensor, before: int, size: int) -> tf.Tensor:
        """The same series with more or fewer high frequencies; new ones are zero."""
        if size == before:
            return parameters
        kept = min(size, before)
        low, high = (kept + 1) // 2, kept // 2
        spectrum = parameters * self._scale(before)
        if kept % 2 == 0:
            # In the smaller picture the last column also stands for its mirror image.
            weight = np.ones(before // 2 + 1, np.float32)
            weight[kept // 2] = 0.5 if size > before else 2.0
            spectrum *= weight
        top = spectrum[..., :low, : kept // 2 + 1]
        bottom = spectrum[..., before - high :, : kept // 2 + 1]
        between = tf.zeros([*_leading(parameters), size - kept, kept // 2 + 1])
        rows = tf.concat([top, between, bottom], axis=-2)
        columns = tf.zeros([*_leading(parameters), size, size // 2 - kept // 2])
        whole = tf.concat([rows, columns], axis=-1) * (size / before) ** 2
        return tf.ensure_shape(whole / self._scale(size), [None, 2, 3, size, size // 2 + 1])

    def _scale(self, size: int) -> np.ndarray:
        """The factor of each coefficient: (size, size // 2 + 1) float32."""
        rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
        frequency = np.maximum(np.hypot(rows, columns), 1 / size)
        scale: np.ndarray = (size / frequency**self.recipe.fourier_decay).astype(np.float32)
        return scale


def _leading(parameters: tf.Tensor) -> tuple[tf.Tensor, int, int]:
    return tf.shape(parameters)[0], 2, 3


PARAMETRISATIONS = {"pixels": Pixels, "fourier": Fourier}


def build_parametrisation(recipe: Recipe) -> Parametrisation:
    """The parametrisation of a recipe."""
    return PARAMETRISATIONS[recipe.parametrisation](recipe)
