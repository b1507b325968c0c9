"""The activations of a photograph: one pass of the network, fed as it was trained."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from filter_atlas.base.errors import ModelError
from filter_atlas.networks.base import Network, from_rgb


def activations(
    network: Network, square: np.ndarray, filters: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    """The activation of some filters at every cell of their layers.

    Args:
        network: the network.
        square: (size, size, 3) uint8, RGB, what the network sees of the photograph.
        filters: indices of the filters of each layer, by the layer's name.

    Returns:
        (rows, columns, filters) float32 for each layer, not negative: the pre-activations after
        ReLU, as in all measures. The filters of a layer are in the order given.

    Raises:
        ModelError: an activation is not a finite number.
    """
    features = network.input_features(from_rgb(tf.constant(square[np.newaxis])), filters)
    found = {}
    for layer, indices in filters.items():
        values = tf.nn.relu(network.pre_activations(features[layer], layer))[0].numpy()
        found[layer] = values[..., list(indices)]
        if not np.isfinite(found[layer]).all():
            raise ModelError(
                f"the activations of {layer} on the photograph are not finite numbers; correct the "
                "network's weights, or `preprocessing`"
            )
    return found
