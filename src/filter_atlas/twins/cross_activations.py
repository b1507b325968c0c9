"""The activations of a layer's filters on each other's pictures, rotated and mirrored."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from filter_atlas.base.rotations import Symmetry
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher

BATCH = 64
"""Maximum number of pictures that the network sees at once."""


def cross_activations(
    layer: str,
    filters: Sequence[int],
    pictures: Sequence[np.ndarray],
    symmetries: Sequence[Symmetry],
    side: int,
    network: Network,
    microbatcher: MicroBatcher = WHOLE_BATCH,
) -> np.ndarray:
    """Mean activation (after ReLU) of some filters on each other's pictures, in all symmetries.

    Args:
        layer: name of the layer.
        filters: indices of the filters.
        pictures: one picture per filter, all (size, size, 3) uint8, RGB.
        symmetries: the symmetries to apply to every picture.
        side: side of the visible part of a picture, from `rotations.visible_side`.
        network: the network.
        microbatcher: how the pictures of a batch are computed.

    Returns:
        (symmetries, filters, filters) float32: at [s, g, f] the activation of filter g on the
        picture of filter f under symmetry s.
    """
    indices = tf.constant(filters, tf.int32)

    @tf.function(  # type: ignore[untyped-decorator]
        autograph=False, input_signature=[tf.TensorSpec([None, side, side, 3], tf.uint8)]
    )
    def means(pixels: tf.Tensor) -> tf.Tensor:
        features = network.input_features(from_rgb(pixels), [layer])[layer]
        activations = tf.nn.relu(network.pre_activations(features, layer, indices))
        return tf.reduce_mean(activations, axis=[1, 2])

    def compute(squares: Sequence[np.ndarray]) -> list[np.ndarray]:
        return list(means(np.stack(squares)).numpy())

    activations = np.empty((len(symmetries), len(filters), len(filters)), np.float32)
    for index, symmetry in enumerate(symmetries):
        for first in range(0, len(pictures), BATCH):
            batch = slice(first, first + BATCH)
            changed = [symmetry.apply(picture, side) for picture in pictures[batch]]
            columns = microbatcher.map(compute, changed)
            activations[index, :, batch] = np.stack(columns, axis=1)
    return activations
