"""Expanded kernels: the gradient of the linearised network."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base import vgg16_spec
from filter_atlas.circuits.expanded import Expander
from filter_atlas.networks.sources import PICTURE
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.weights.vgg16_tensors import Tensors
from linear_networks import gradient, keras_pair

EXACT = 1e-5
"""Share of the largest weight by which an expanded weight may differ from the gradient."""


def check_at(found: np.ndarray, top: int, left: int, exact: np.ndarray) -> None:
    """Compare an expanded kernel with a gradient that is 0 beyond it."""
    rows, columns, _ = found.shape
    placed = np.zeros_like(exact)
    placed[top : top + rows, left : left + columns] = found
    assert np.abs(exact).max() > 0
    np.testing.assert_allclose(placed, exact, atol=EXACT * np.abs(exact).max(), rtol=0)


@pytest.mark.parametrize("layer", ["stem", "depthwise", "project", "grouped", "last"])
def test_a_residual_network_is_expanded_to_the_gradient_of_the_linear_network(layer: str) -> None:
    network, linear = keras_pair()
    size, cell, index = 128, 16, 2
    stride = 2 if layer in ("stem", "last") else 4

    below = Expander(network).expand(layer, np.array([index]), depth=9)

    assert isinstance(below, list)
    total = None
    for one in below:
        if PICTURE in one:
            total = one[PICTURE] if total is None else total.plus(one[PICTURE])
    assert total is not None
    exact = gradient(linear, layer, index, size, cell)
    check_at(total.weights[0], cell * stride + total.top, cell * stride + total.left, exact)


def linear_vgg16(tensors: Tensors, target: str, start: str, features: tf.Tensor) -> tf.Tensor:
    """VGG16 without activations, with averages for maxima: from a layer's output to another's."""
    names = [one.name for one in vgg16_spec.LAYERS]
    after = vgg16_spec.LAYERS[names.index(start) + 1 : names.index(target) + 1]
    pools = vgg16_spec.BY_NAME[start].pools_before
    for one in after:
        if one.pools_before > pools:
            features = tf.nn.avg_pool2d(features, 2, 2, "VALID")
        pools = one.pools_before
        features = tf.nn.conv2d(features, tensors[f"{one.name}/kernel"], 1, "SAME")
    return features


@pytest.mark.parametrize(
    ("target", "start"),
    [
        ("block2_conv2", "block2_conv1"),
        ("block3_conv1", "block2_conv1"),
        ("block4_conv2", "block3_conv3"),
        ("block3_conv2", "block2_conv2"),
        ("block5_conv1", "block4_conv1"),
    ],
)
def test_filters_of_vgg16_are_expanded_to_the_gradient_of_the_linear_network(
    imagenet_tensors: Tensors, target: str, start: str
) -> None:
    network = Vgg16({name: tf.constant(tensor) for name, tensor in imagenet_tensors.items()})
    names = [one.name for one in vgg16_spec.LAYERS]
    depth = names.index(target) - names.index(start)
    index, cell = 7, 6
    pooled = vgg16_spec.BY_NAME[target].pools_before - vgg16_spec.BY_NAME[start].pools_before

    below = Expander(network).expand(target, np.array([index]), depth)

    assert isinstance(below, list)
    found = below[depth - 1][start]
    features = tf.zeros((1, 24, 24, vgg16_spec.BY_NAME[start].filters))
    with tf.GradientTape() as tape:
        tape.watch(features)
        value = linear_vgg16(imagenet_tensors, target, start, features)[0, cell, cell, index]
    place = cell << pooled
    exact = tape.gradient(value, features)[0].numpy()
    check_at(found.weights[0], place + found.top, place + found.left, exact)


def test_the_first_two_blocks_are_expanded_to_pixels_and_deeper_ones_are_not(
    imagenet_tensors: Tensors,
) -> None:
    network = Vgg16({name: tf.constant(tensor) for name, tensor in imagenet_tensors.items()})
    expander = Expander(network)

    sides = {}
    for layer in vgg16_spec.LAYERS[:6]:
        pixels = expander.to_pixels(layer.name, np.array([0, 3]))
        sides[layer.name] = None if pixels is None else pixels.shape

    assert list(sides.values()) == [
        (2, 3, 3, 3), (2, 5, 5, 3), (2, 10, 10, 3), (2, 14, 14, 3), None, None
    ]  # fmt: skip
