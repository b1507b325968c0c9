"""Contributions of channels: with the bias, they are the pre-activation of the network."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.networks.base import Network
from filter_atlas.networks.contributions import contributions
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.weights.vgg16_tensors import Tensors
from linear_networks import SOURCE

EXACT = 1e-4


def check_every_corner(network: Network, layer: str, size: int) -> None:
    """Compare sums of contributions with pre-activations, at the border and inside."""
    pixels = np.random.RandomState(0).uniform(0, 255, (2, size, size, 3)).astype(np.float32)
    features = network.input_features(tf.constant(pixels), [layer])[layer]
    maps = network.pre_activations(features, layer).numpy()
    _, rows, columns, filters = maps.shape
    places = np.array(
        [
            (place, row, column)
            for place in (0, 1)
            for row in (0, rows // 2, rows - 1)
            for column in (0, columns // 3, columns - 1)
        ],
        np.int32,
    )
    chosen = np.arange(len(places), dtype=np.int32) % filters

    kernel = network.kernel(layer)
    found = contributions(features, kernel, places, chosen).numpy()

    assert found.shape == (len(places), features.shape[-1])
    sums = found.astype(np.float64).sum(axis=1) + kernel.bias[chosen]
    exact = maps[places[:, 0], places[:, 1], places[:, 2], chosen]
    size_of_sums = np.abs(found).sum(axis=1) + np.abs(kernel.bias[chosen])
    assert (np.abs(sums - exact) <= EXACT * size_of_sums).all()


def test_contributions_and_bias_are_the_pre_activation_in_any_keras_network(
    model: keras.Model,
) -> None:
    network = KerasNetwork(model, SOURCE)
    for layer in network.graph.convolutions:
        check_every_corner(network, layer, network.graph.size or 37)


@pytest.mark.parametrize("layer", ["block1_conv1", "block2_conv1", "block4_conv3"])
def test_contributions_and_bias_are_the_pre_activation_in_vgg16(
    imagenet_tensors: Tensors, layer: str
) -> None:
    tensors: dict[str, Any] = {name: tf.constant(one) for name, one in imagenet_tensors.items()}
    check_every_corner(Vgg16(tensors), layer, 64)
