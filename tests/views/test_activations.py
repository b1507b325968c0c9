"""The activations are those of a plain forward pass of the Keras model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base.errors import ModelError
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.views.activations import activations
from filter_atlas.weights.vgg16_tensors import Tensors
from keras_models import residual

SOURCE = NetworkSource(kind="function", name="a:b", weights="own")


def square(side: int) -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (side, side, 3)).astype(np.uint8)


def test_vgg16_is_as_keras_computes_it(imagenet_tensors: Tensors) -> None:
    model = keras.applications.VGG16(include_top=False, weights=None)
    for layer in LAYERS:
        names = (f"{layer.name}/kernel", f"{layer.name}/bias")
        model.get_layer(layer.name).set_weights([imagenet_tensors[name] for name in names])
    network = Vgg16({name: tf.constant(value) for name, value in imagenet_tensors.items()})
    filters = {"block1_conv1": [0, 63], "block3_conv2": list(range(256)), "block5_conv3": [9, 7]}

    found = activations(network, square(64), filters)

    given = keras.applications.vgg16.preprocess_input(square(64)[np.newaxis].astype(np.float32))
    outputs = [model.get_layer(name).output for name in filters]
    expected = keras.Model(model.inputs, outputs).predict(given, verbose=0)
    for (name, indices), values in zip(filters.items(), expected, strict=True):
        scale = values.max()
        np.testing.assert_allclose(found[name], values[0][..., indices], atol=1e-5 * scale)


def test_a_keras_model_is_fed_as_it_was_trained() -> None:
    model = residual()
    network = KerasNetwork(model, SOURCE)

    found = activations(network, square(33), {"stem": range(6), "wide": [2]})

    given = square(33)[np.newaxis].astype(np.float32)
    wide = np.maximum(model.predict(given, verbose=0), 0)[0, ..., 2:]
    np.testing.assert_allclose(found["wide"], wide, rtol=1e-5, atol=1e-5)
    assert found["stem"].shape == (17, 17, 6)
    assert (found["stem"] >= 0).all()


def test_activations_that_are_no_numbers_are_refused() -> None:
    model = residual()
    model.get_layer("wide").bias.assign([np.inf] * 3)

    with pytest.raises(ModelError, match=r"of wide on the photograph are not finite"):
        activations(KerasNetwork(model, SOURCE), square(33), {"wide": [0]})
