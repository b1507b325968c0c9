"""How every filter of a layer answers to every other one's picture, turned and mirrored."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from filter_atlas.network import Network
from filter_atlas.twins.turn import Turn

BATCH = 16
"""Pictures that the network sees at once."""


def answers(
    layer: str,
    filters: Sequence[int],
    pictures: Sequence[np.ndarray],
    turns: Sequence[Turn],
    side: int,
    network: Network,
) -> np.ndarray:
    """Mean activation (after ReLU) of some filters on each other's pictures in every turn.

    Args:
        layer: name of the layer.
        filters: indices of the filters.
        pictures: a picture of each, all (size, size, 3) uint8, RGB.
        turns: how the pictures are turned.
        side: side of the middle of a picture that is seen, as `turn.side_seen` gives it.
        network: the network.

    Returns:
        (turns, filters, filters) float32: at [t, g, f] how filter g answers to the picture of
        filter f, turned by t.
    """
    asked = tf.constant(filters, tf.int32)

    @tf.function(  # type: ignore[untyped-decorator]
        autograph=False, input_signature=[tf.TensorSpec([None, side, side, 3], tf.uint8)]
    )
    def means(pixels: tf.Tensor) -> tf.Tensor:
        seen = tf.cast(tf.reverse(pixels, axis=[-1]), tf.float32)
        features = network.below(seen, [layer])[layer]
        activations = tf.nn.relu(network.pre_activations(features, layer, asked))
        return tf.reduce_mean(activations, axis=[1, 2])

    found = np.empty((len(turns), len(filters), len(filters)), np.float32)
    for place, turn in enumerate(turns):
        for first in range(0, len(pictures), BATCH):
            group = slice(first, first + BATCH)
            turned = np.stack([turn.apply(picture, side) for picture in pictures[group]])
            found[place, :, group] = means(turned).numpy().T
    return found
