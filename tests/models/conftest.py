"""Small networks of every build that Keras allows."""

from collections.abc import Callable

import keras
import pytest
from keras import layers

Build = Callable[[], keras.Model]


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


BUILDS: dict[str, Build] = {one.__name__: one for one in (sequential, residual, odd, nested)}


@pytest.fixture(params=BUILDS)
def model(request: pytest.FixtureRequest) -> keras.Model:
    """A small network with weights, and batch norms, that are not those of the start."""
    keras.utils.set_random_seed(1)
    built = BUILDS[request.param]()
    for variable in built.weights:
        variable.assign(keras.random.uniform(variable.shape, 0.1, 0.6, seed=len(variable.path)))
        if "kernel" in variable.path:
            variable.assign(keras.random.normal(variable.shape, 0, 0.2, seed=3))
    return built
