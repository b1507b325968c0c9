"""Small networks, and the linear networks that they become: activations let everything through, and
a maximum pooling is an average."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.settings.network_source import NetworkSource

SOURCE = NetworkSource(kind="function", name="small:network", weights="own")


def residual(linear: bool = False) -> keras.Model:
    """A residual network with batch norms, strides, a pooling and a concatenation."""

    def activate(tensor: Any) -> Any:
        return tensor if linear else layers.ReLU()(tensor)

    pool = layers.AveragePooling2D if linear else layers.MaxPooling2D
    picture = keras.Input((None, None, 3))
    tensor = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False, name="stem")(picture)
    stem = pool(2)(activate(layers.BatchNormalization(name="stem_norm")(tensor)))
    tensor = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(stem)
    tensor = activate(layers.BatchNormalization(name="depthwise_norm")(tensor))
    tensor = layers.Conv2D(6, 1, name="project")(tensor)
    tensor = layers.BatchNormalization(name="project_norm")(tensor)
    added = layers.Add()([stem, tensor])
    tensor = activate(layers.BatchNormalization(name="added_norm")(added))
    tensor = layers.Conv2D(4, 3, padding="same", groups=2, name="grouped")(tensor)
    joined = layers.UpSampling2D(2)(layers.Concatenate()([added, activate(tensor)]))
    output = layers.Conv2D(5, 3, padding="same", name="last")(joined)
    return keras.Model(picture, output)


def randomise(model: keras.Model) -> keras.Model:
    """Give a model weights and batch norms that differ from the initial ones."""
    for place, variable in enumerate(model.weights):
        if "kernel" in variable.path:
            variable.assign(keras.random.normal(variable.shape, 0, 0.3, seed=place))
        else:
            variable.assign(keras.random.uniform(variable.shape, 0.3, 1.5, seed=place))
    return model


def keras_pair() -> tuple[KerasNetwork, KerasNetwork]:
    """The residual network, and what it is as a linear network with the same weights."""
    network, linear = randomise(residual()), residual(linear=True)
    linear.set_weights(network.get_weights())
    return KerasNetwork(network, SOURCE), KerasNetwork(linear, SOURCE)


def gradient(network: Any, layer: str, index: int, size: int, cell: int) -> Any:
    """The gradient of a filter at a cell of a linear network, with respect to the picture.

    Returns:
        (size, size, 3) float32, RGB.
    """
    picture = tf.zeros((1, size, size, 3))
    with tf.GradientTape() as tape:
        tape.watch(picture)
        features = network.graph.compute_inputs(picture, [layer])[layer]
        value = network.pre_activations(features, layer)[0, cell, cell, index]
    return tape.gradient(value, picture)[0].numpy()
