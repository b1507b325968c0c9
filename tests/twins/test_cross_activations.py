"""Activations on each other's pictures, against the plain forward pass."""

import numpy as np
import tensorflow as tf

from filter_atlas.base.rotations import symmetries
from filter_atlas.base.vgg16_spec import layers_up_to
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.twins.cross_activations import BATCH, cross_activations

LAYER = "block2_conv1"
SIDE = 32


def some_weights() -> dict[str, tf.Tensor]:
    random = np.random.RandomState(0)
    return {
        name: tf.constant(tensor, tf.float32)
        for one in layers_up_to(LAYER)
        for name, tensor in {
            f"{one.name}/kernel": random.normal(0, 0.1, one.kernel_shape),
            f"{one.name}/bias": random.normal(0, 1, one.filters),
        }.items()
    }


def test_a_cross_activation_is_the_mean_activation_on_the_changed_picture() -> None:
    vgg = Vgg16(some_weights())
    filters = list(range(BATCH + 6))  # more than one batch, the last one not full
    pictures = list(
        np.random.RandomState(1).randint(0, 256, (len(filters), SIDE, SIDE, 3)).astype(np.uint8)
    )

    found = cross_activations(LAYER, filters, pictures, symmetries(90), SIDE, vgg)

    assert found.shape == (8, len(filters), len(filters))
    index, picture = 3, len(filters) - 1
    changed = symmetries(90)[index].apply(pictures[picture], SIDE)
    bgr = tf.constant(changed[np.newaxis, ..., ::-1].astype(np.float32))
    features = vgg.input_features(bgr, [LAYER])[LAYER]
    activations = tf.nn.relu(vgg.pre_activations(features, LAYER))
    expected = tf.reduce_mean(activations, axis=[0, 1, 2]).numpy()[filters]
    np.testing.assert_allclose(found[index, :, picture], expected, rtol=1e-4)


def test_cross_activations_have_the_same_bits_on_any_number_of_cores() -> None:
    vgg, filters = Vgg16(some_weights()), range(5)
    pictures = list(np.random.RandomState(1).randint(0, 256, (5, SIDE, SIDE, 3)).astype(np.uint8))

    one, three = (
        cross_activations(
            LAYER, filters, pictures, symmetries(90), SIDE, vgg, MicroBatcher(threads=cores)
        )
        for cores in (1, 3)
    )

    np.testing.assert_array_equal(one, three)
