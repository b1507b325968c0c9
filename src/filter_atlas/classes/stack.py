"""Building a Keras network from layers that were read from a file."""

from collections.abc import Sequence

import keras

from filter_atlas.classes.layers import (
    Convolution,
    Dense,
    Flatten,
    Layer,
    Pool,
    Relu,
    Scale,
    arrays,
)


def build(layers: Sequence[Layer], size: int) -> keras.Model:
    """Build the network: (batch, size, size, 3) float32 → (batch, classes) float32.

    Args:
        layers: in order; each takes what the one before gives.
        size: side of the pictures.

    Raises:
        ValueError: a layer's parameters do not fit what it takes.
    """
    network = keras.Sequential([keras.Input((size, size, 3)), *map(_built, layers)])
    for own, parameters in zip(network.layers, layers, strict=True):
        own.set_weights(_weights(parameters))
    return network


def _built(layer: Layer) -> keras.layers.Layer:
    # Zeros, for drawing random numbers for VGG16's dense layers takes longer than reading them.
    match layer:
        case Convolution():
            return keras.layers.Conv2D(
                layer.bias.size, 3, padding="same", kernel_initializer="zeros"
            )
        case Relu():
            return keras.layers.ReLU()
        case Pool():
            return keras.layers.MaxPooling2D(2)
        case Flatten():
            return keras.layers.Flatten()
        case Dense():
            return keras.layers.Dense(layer.bias.size, kernel_initializer="zeros")
        case Scale():
            return keras.layers.BatchNormalization(epsilon=0.0)


def _weights(layer: Layer) -> list[object]:
    if isinstance(layer, Scale):
        # A moving mean of 0 and variance of 1: what is left is the gain and the shift.
        return [layer.gain, layer.shift, layer.gain * 0, layer.gain * 0 + 1]
    return [*arrays([layer])]
