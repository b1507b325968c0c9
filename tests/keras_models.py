"""Small Keras networks of every kind of structure, for tests of several folders."""

import keras
from keras import layers

MODULE = """
import keras
import time
def small():
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3, name="only")])
def different():
    model = small()
    model.layers[0].bias.assign([time.time() % 1] * 4)
    return model
def nothing():
    return 7
def leaves():
    raise SystemExit(3)
class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inside = keras.layers.Conv2D(2, 3, name="inside")
    def call(self, tensor):
        return self.inside(tensor)
def hiding():
    seen = keras.layers.Conv2D(4, 3, name="seen")
    return keras.Sequential([keras.Input((None, None, 3)), seen, Block()])
"""
"""Source of a module with functions that make networks, or fail to."""


def sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="fused"),
            layers.MaxPooling2D(),
            layers.Conv2D(5, 3, padding="same", name="separate"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
        ]
    )


def residual() -> keras.Model:
    picture = keras.Input((None, None, 3))
    stem = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False, name="stem")(picture)
    stem = layers.ReLU(6.0)(layers.BatchNormalization(name="stem_norm")(stem))
    branch = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(stem)
    branch = layers.BatchNormalization(scale=False, name="depthwise_norm")(branch)
    branch = layers.Activation("swish")(branch)
    branch = layers.Conv2D(6, 1, name="project")(branch)
    added = layers.Add()([stem, layers.Dropout(0.5)(branch)])
    return keras.Model(picture, layers.Conv2D(3, 5, padding="same", name="wide")(added))


def odd() -> keras.Model:
    picture = keras.Input((None, None, 3))
    tensor = layers.Conv2D(4, 3, dilation_rate=2, padding="same", name="dilated")(picture)
    tensor = layers.Conv2D(8, 3, groups=2, padding="same", name="grouped")(tensor)
    tensor = layers.SeparableConv2D(5, 3, padding="valid", name="separable")(tensor)
    return keras.Model(picture, tensor)


def nested() -> keras.Model:
    inner = keras.Sequential(
        [
            keras.Input((None, None, 4)),
            layers.Conv2D(5, 3, padding="same", activation="relu", name="same name"),
        ],
        name="inner",
    )
    picture = keras.Input((32, 32, 3))
    tensor = layers.Conv2D(4, 3, padding="same", name="same name")(picture)
    tensor = layers.Flatten()(inner(tensor))
    return keras.Model(picture, layers.Dense(10)(tensor))
