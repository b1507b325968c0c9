"""VGG16's forward pass, against Keras's own."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas import network
from filter_atlas.network import Vgg16
from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights.canonical import Tensors


@pytest.fixture(scope="module")
def weights(imagenet_tensors: Tensors) -> dict[str, tf.Tensor]:
    return {name: tf.constant(tensor) for name, tensor in imagenet_tensors.items()}


@pytest.fixture(scope="module")
def keras_model(imagenet_tensors: Tensors) -> tf.keras.Model:
    model = tf.keras.applications.VGG16(weights=None, include_top=False)
    for layer in LAYERS:
        model.get_layer(layer.name).set_weights(
            [imagenet_tensors[f"{layer.name}/kernel"], imagenet_tensors[f"{layer.name}/bias"]]
        )
    return tf.keras.Model(model.inputs, [model.get_layer(layer.name).output for layer in LAYERS])


@pytest.mark.parametrize("size", [32, 47, 64])
def test_every_filter_of_every_layer_activates_as_in_keras(
    size: int, weights: dict[str, tf.Tensor], keras_model: tf.keras.Model
) -> None:
    picture = np.random.RandomState(0).uniform(-128, 128, (1, size, size, 3)).astype(np.float32)
    expected = keras_model([picture])

    for layer, keras_activations in zip(LAYERS, expected, strict=True):
        features = network.features_below(tf.constant(picture), layer.name, weights)
        kernels = tf.transpose(weights[f"{layer.name}/kernel"], [3, 0, 1, 2])
        pre_activations = network.own_pre_activations(
            tf.repeat(features, layer.filters, axis=0), kernels, weights[f"{layer.name}/bias"]
        )
        activations = tf.transpose(tf.nn.relu(pre_activations), [1, 2, 0])

        scale = np.abs(keras_activations).max()
        np.testing.assert_allclose(
            activations, keras_activations[0], atol=1e-5 * scale, err_msg=layer.name
        )


def test_layers_above_the_target_are_never_touched(weights: dict[str, tf.Tensor]) -> None:
    below = {name: tensor for name, tensor in weights.items() if name < "block3"}

    features = network.features_below(tf.zeros([1, 32, 32, 3]), "block3_conv1", below)

    assert features.shape == (1, 8, 8, 128)


def test_bfloat16_gives_what_float32_gives_but_for_its_rounding(
    weights: dict[str, tf.Tensor],
) -> None:
    exact, rounded = Vgg16(weights), Vgg16(weights, "bfloat16")
    picture = np.random.RandomState(0).uniform(-128, 128, (1, 64, 64, 3)).astype(np.float32)

    for layer in LAYERS:
        found, expected = (
            one.pre_activations(one.below(picture, [layer.name])[layer.name], layer.name).numpy()
            for one in (rounded, exact)
        )
        error = np.abs(found - expected).max() / np.abs(expected).max()
        assert found.dtype == np.float32
        # The first convolution, which sees the picture itself, is not rounded.
        assert error == 0 if layer is LAYERS[0] else 0 < error < 0.03


def test_each_filter_alone_is_the_same_in_bfloat16_too(weights: dict[str, tf.Tensor]) -> None:
    exact, rounded = Vgg16(weights), Vgg16(weights, "bfloat16")
    picture = np.random.RandomState(0).uniform(-128, 128, (1, 64, 64, 3)).astype(np.float32)

    own, expected = (
        one.sight("block4_conv2", tf.constant([7])).own(picture) for one in (rounded, exact)
    )

    assert own.dtype == tf.float32
    np.testing.assert_allclose(own, expected, atol=0.03 * np.abs(expected).max())
