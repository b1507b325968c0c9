"""How filters answer to each other's pictures, against the plain forward pass."""

import numpy as np
import tensorflow as tf

from filter_atlas.network import Vgg16
from filter_atlas.twins.answers import BATCH, answers
from filter_atlas.twins.turn import turns
from filter_atlas.vgg16 import layers_up_to

LAYER = "block1_conv2"
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


def test_an_answer_is_the_mean_activation_on_the_turned_picture() -> None:
    vgg = Vgg16(some_weights())
    filters = list(range(0, 2 * BATCH + 6, 2))  # more than one batch, the last one not full
    pictures = list(
        np.random.RandomState(1).randint(0, 256, (len(filters), SIDE, SIDE, 3)).astype(np.uint8)
    )

    found = answers(LAYER, filters, pictures, turns(90), SIDE, vgg)

    assert found.shape == (8, len(filters), len(filters))
    place, picture = 3, len(filters) - 1
    turned = turns(90)[place].apply(pictures[picture], SIDE)
    bgr = tf.constant(turned[np.newaxis, ..., ::-1].astype(np.float32))
    features = vgg.below(bgr, [LAYER])[LAYER]
    activations = tf.nn.relu(vgg.pre_activations(features, LAYER))
    expected = tf.reduce_mean(activations, axis=[0, 1, 2]).numpy()[filters]
    np.testing.assert_allclose(found[place, :, picture], expected, rtol=1e-4)
