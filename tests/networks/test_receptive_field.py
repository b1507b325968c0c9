"""A receptive field holds every pixel on which a cell depends, and no other.

In a network with positive weights a cell's value rises if and only if a pixel that it sees rises,
through every pooling too. So one bright row at a time shows which rows each cell sees.
"""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.networks.base import Network
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.receptive_field import ReceptiveField, UnknownField
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights.vgg16_tensors import random

SOURCE = NetworkSource(kind="function", name="a:b", weights="own")


def positive(build: Callable[[keras.KerasTensor], object]) -> KerasNetwork:
    """A network of which every weight is positive."""
    picture = keras.Input((None, None, 3))
    model = keras.Model(picture, build(picture))
    generator = np.random.RandomState(0)
    for layer in model.layers:
        if not isinstance(layer, layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.1, 1, w.shape) for w in layer.get_weights()])
    return KerasNetwork(model, SOURCE)


def conv(name: str, kernel: int | tuple[int, int] = 3, **options: object) -> layers.Conv2D:
    return layers.Conv2D(2, kernel, name=name, **options)


def plain(x: keras.KerasTensor) -> object:
    x = layers.MaxPooling2D(2)(conv("first", 5, padding="valid")(x))
    x = layers.ReLU()(layers.BatchNormalization()(conv("second", padding="same", strides=2)(x)))
    return conv("third", 3, padding="same")(layers.AveragePooling2D(3, 2, padding="same")(x))


def dilated(x: keras.KerasTensor) -> object:
    x = conv("dilated", 3, padding="same", dilation_rate=3)(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(2, (1, 5), padding="valid", name="separable")(x)
    return conv("tall", (4, 1), padding="same")(x)


def padded(x: keras.KerasTensor) -> object:
    x = conv("stem", 3, strides=2)(layers.ZeroPadding2D(((0, 1), (2, 3)))(x))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(layers.Cropping2D(((1, 0), (0, 2)))(x))
    return conv("enlarged", 2)(layers.UpSampling2D((2, 3))(x))


def branches(x: keras.KerasTensor) -> object:
    x = conv("stem", 3, strides=2, padding="same")(x)
    left = conv("left", 1)(x)
    right = conv("right", 5, padding="same")(conv("middle", 3, padding="same")(x))
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    joined = layers.Concatenate()([left, right, pooled])
    return conv("last", 3, padding="same")(joined + 1.0) + ops.relu(
        conv("side", 7, padding="same")(x)
    )


def attended(x: keras.KerasTensor) -> object:
    x = conv("before", 3, padding="same")(x)
    squeezed = layers.Reshape((1, 1, 2))(layers.GlobalAveragePooling2D()(x))
    excited = layers.Dense(2, activation="relu")(squeezed)
    return conv("after", 3, padding="same")(layers.Multiply()([x, excited]))


def vgg16() -> Vgg16:
    """VGG16 with one filter in every layer."""
    generator, channels = np.random.RandomState(0), 3
    weights: dict[str, np.ndarray] = {}
    for layer in LAYERS:
        kernel = generator.uniform(0.1, 1, (3, 3, channels, 1)).astype(np.float32)
        weights |= {f"{layer.name}/kernel": kernel, f"{layer.name}/bias": np.zeros(1, np.float32)}
        channels = 1
    return Vgg16({name: tf.constant(value) for name, value in weights.items()})


NETWORKS = {
    build.__name__: lambda build=build: positive(build)
    for build in (plain, dilated, padded, branches, attended)
} | {"vgg16": vgg16}


def activations(network: Network, pictures: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    features = network.input_features(tf.constant(pictures, tf.float32), names)
    return {
        name: network.pre_activations(features[name], name).numpy().sum(axis=-1) for name in names
    }


@pytest.mark.parametrize("size", [32, 45])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_cell_depends_on_the_pixels_of_its_field_and_on_no_other(name: str, size: int) -> None:
    network = NETWORKS[name]()
    fields = network.receptive_fields(size)
    dark = np.ones((1, size, size, 3))
    bright_rows = np.repeat(dark, size, axis=0)
    bright_rows[range(size), range(size)] = 1e4
    bright_columns = bright_rows.transpose(0, 2, 1, 3)

    base = activations(network, dark, list(fields))
    by_row = activations(network, bright_rows, list(fields))
    by_column = activations(network, bright_columns, list(fields))

    for layer, field in fields.items():
        assert isinstance(field, ReceptiveField)
        height, width = base[layer].shape[1:]
        assert (field.rows.cells, field.columns.cells) == (height, width)
        rows = np.abs(by_row[layer] / base[layer] - 1).max(axis=2) > 1e-4
        columns = np.abs(by_column[layer] / base[layer] - 1).max(axis=1) > 1e-4
        for seen, axis in ((rows, field.rows), (columns, field.columns)):
            sees = seen.any(axis=0)  # a cell of padding alone sees nothing
            np.testing.assert_array_equal(sees, axis.low < axis.high)
            low, high = seen.argmax(axis=0), size - seen[::-1].argmax(axis=0)
            np.testing.assert_array_equal(axis.low[sees], low[sees])
            np.testing.assert_array_equal(axis.high[sees], high[sees])


@pytest.mark.parametrize("name", ["plain", "dilated", "branches", "vgg16"])
def test_a_field_is_clipped_if_cells_away_from_the_border_see_more(name: str) -> None:
    for field in NETWORKS[name]().receptive_fields(256).values():
        assert isinstance(field, ReceptiveField)
        for axis in (field.rows, field.columns):
            extent = axis.high - axis.low
            np.testing.assert_array_equal(axis.is_clipped, extent < extent.max())


def test_the_fields_of_vgg16_have_the_sizes_of_the_literature() -> None:
    fields = vgg16().receptive_fields(512)

    sizes = [int((field.rows.high - field.rows.low).max()) for field in fields.values()]

    assert sizes == [3, 5, 10, 14, 24, 32, 40, 60, 76, 92, 132, 164, 196]


class Own(layers.Layer):  # type: ignore[misc]
    def call(self, x: object) -> object:
        return ops.flip(x, axis=1)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Own(name="mine"), "what mine (Own) sees is not known"),
        (layers.Resizing(16, 16, name="half"), "what half (Resizing) sees is not known"),
        (layers.Permute((2, 1, 3), name="turn"), "what turn (Permute) sees is not known"),
        (layers.Concatenate(axis=1, name="under"), "what under (Concatenate) sees is not known"),
        (layers.Reshape((16, 64, 2), name="fold"), "fold (Reshape): cells are rearranged"),
    ],
)
def test_a_field_that_cannot_be_known_has_a_reason(layer: layers.Layer, reason: str) -> None:
    picture = keras.Input((32, 32, 3))
    first = conv("first", 3, padding="same")(picture)
    changed = layer([first, first] if isinstance(layer, layers.Concatenate) else first)
    network = KerasNetwork(keras.Model(picture, conv("behind", 1)(changed)), SOURCE)

    fields = network.receptive_fields(32)

    assert isinstance(fields["first"], ReceptiveField)
    assert fields["behind"] == UnknownField(reason)


@pytest.mark.parametrize("layer", ["block1_conv2", "block2_conv2", "block3_conv3"])
def test_a_crop_of_a_field_fires_its_cell_as_the_whole_photograph_does(layer: str) -> None:
    network = Vgg16({name: tf.constant(value) for name, value in random().items()})
    photograph = np.random.RandomState(1).uniform(0, 255, (1, 96, 96, 3)).astype(np.float32)
    field, stride = network.receptive_fields(96)[layer], network.stride(layer)
    whole = activations(network, photograph, [layer])[layer][0]
    row, column = whole.shape[0] // 2, whole.shape[1] // 2 - 1
    assert not field.is_clipped(row, column)
    # The network's grid of cells must lie in the crop as it lies in the photograph.
    left, top, right, bottom = field.box(row, column)
    left, top = left // stride * stride, top // stride * stride
    right, bottom = -(-right // stride) * stride, -(-bottom // stride) * stride

    crop = activations(network, photograph[:, top:bottom, left:right], [layer])[layer][0]

    centre = crop[row - top // stride, column - left // stride]
    np.testing.assert_allclose(centre, whole[row, column], rtol=1e-4)
