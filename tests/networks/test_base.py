"""VGG16's forward pass gives the same values as Keras."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.weights.vgg16_tensors import Tensors


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
def test_activations_of_all_filters_are_those_of_keras(
    size: int, weights: dict[str, tf.Tensor], keras_model: tf.keras.Model
) -> None:
    picture = np.random.RandomState(0).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
    rgb = picture[..., ::-1].copy()
    expected = keras_model([tf.keras.applications.vgg16.preprocess_input(rgb)])
    network = Vgg16(weights)

    for layer, keras_activations in zip(LAYERS, expected, strict=True):
        features = network.input_features(picture, [layer.name])[layer.name]
        response = network.unit_response(layer.name, tf.range(layer.filters))
        pre_activations = response.from_features(tf.repeat(features, layer.filters, axis=0))
        activations = tf.transpose(tf.nn.relu(pre_activations), [1, 2, 0])

        scale = np.abs(keras_activations).max()
        np.testing.assert_allclose(
            activations, keras_activations[0], atol=1e-5 * scale, err_msg=layer.name
        )


def test_layers_above_the_target_are_never_computed(weights: dict[str, tf.Tensor]) -> None:
    below = {name: tensor for name, tensor in weights.items() if name < "block3"}

    features = Vgg16(below).input_features(tf.zeros([1, 32, 32, 3]), ["block3_conv1"])

    assert features["block3_conv1"].shape == (1, 8, 8, 128)


def test_bfloat16_differs_from_float32_only_by_rounding(
    weights: dict[str, tf.Tensor],
) -> None:
    exact, rounded = Vgg16(weights), Vgg16(weights, "bfloat16")
    picture = np.random.RandomState(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)

    for layer in LAYERS:
        found, expected = (
            network.pre_activations(
                network.input_features(picture, [layer.name])[layer.name], layer.name
            ).numpy()
            for network in (rounded, exact)
        )
        error = np.abs(found - expected).max() / np.abs(expected).max()
        assert found.dtype == np.float32
        # The first convolution, which gets the picture itself, is not rounded.
        assert error == 0 if layer is LAYERS[0] else 0 < error < 0.03


def test_a_separate_filter_in_bfloat16_differs_only_by_rounding(
    weights: dict[str, tf.Tensor],
) -> None:
    exact, rounded = Vgg16(weights), Vgg16(weights, "bfloat16")
    picture = np.random.RandomState(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)

    found, expected = (
        network.unit_response("block4_conv2", tf.constant([7])).pre_activations(picture)
        for network in (rounded, exact)
    )

    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())
