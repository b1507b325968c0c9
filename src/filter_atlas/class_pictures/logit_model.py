"""A classifier up to its logits, as a Keras model, and building one from layers with weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import numpy.typing as npt

from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures.sources import ACCEPTED

Array = npt.NDArray[np.float32]

OutputActivation = Literal["softmax", "sigmoid"]
"""The function from logits to probabilities: `sigmoid` if classes do not exclude each other."""

WeightedLayer = tuple[keras.layers.Layer, list[Array]]
"""A layer that is not built yet, and its weights."""


@dataclass(frozen=True)
class LogitModel:
    """A classifier without the activation at its end.

    Attributes:
        model: (batch, size, size, channels) → (batch, outputs), logits.
        activation: the activation that was at its end.
        size: side of the pictures, in pixels; None if the model takes any size.
        channels: 3 or 1.
        outputs: number of logits; a single logit with a sigmoid stands for two classes.
        names: the names of its classes; None if its file does not imply them.
    """

    model: keras.Model
    activation: OutputActivation
    size: int | None
    channels: int
    outputs: int
    names: tuple[str, ...] | None = None


def convolution(kernel: Array, bias: Array) -> WeightedLayer:
    """A 3×3 convolution, stride 1, padding `same`: kernel (3, 3, in, out), bias (out,)."""
    layer = keras.layers.Conv2D(bias.size, 3, padding="same", kernel_initializer="zeros")
    return layer, [kernel, bias]


def dense(kernel: Array, bias: Array) -> WeightedLayer:
    """A dense layer: kernel (in, out), bias (out,)."""
    # Zeros, because drawing random numbers for VGG16's dense layers is slower than reading them.
    return keras.layers.Dense(bias.size, kernel_initializer="zeros"), [kernel, bias]


def scale(gain: Array, shift: Array) -> WeightedLayer:
    """A batch norm outside training: each channel times its gain, plus its shift."""
    # A moving mean of 0 and a variance of 1 leave only the gain and the shift.
    return keras.layers.BatchNormalization(epsilon=0.0), [gain, shift, gain * 0, gain * 0 + 1]


def build_keras(layers: Sequence[WeightedLayer], size: int, source: str) -> keras.Model:
    """Build a model from layers: (batch, size, size, 3) float32 → (batch, outputs) float32.

    Args:
        layers: the layers in order, with their weights.
        size: side of the pictures, in pixels.
        source: name of the classifier's file in errors.

    Raises:
        ClassifierError: the weights of a layer do not fit the layer before it.
    """
    try:
        model = keras.Sequential([keras.Input((size, size, 3)), *(layer for layer, _ in layers)])
        for layer, weights in layers:
            layer.set_weights(weights)
    except ValueError as error:
        raise ClassifierError(
            f"{source}: layers that do not fit together ({error}); {ACCEPTED}"
        ) from error
    return model
