"""Drawing a group of filters: a picture that fires all of them, each by its weight."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from filter_atlas.networks.base import FilterResponse, Network
from filter_atlas.optimize.ascent import Initialisation, LayerAscent, check_finite
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.recipe import Recipe
from filter_atlas.views.record import Group

GREY = 128
"""Grey level of the picture of a layer without groups."""


class DirectionResponse(FilterResponse):
    """How weighted sums of filters of one layer respond to pictures: one sum for each picture.

    Args:
        network: the network.
        layer: name of the layer.
        weights: (batch, filters) float32, the weights of all filters of the layer.
    """

    def __init__(self, network: Network, layer: str, weights: tf.Tensor) -> None:
        super().__init__(network, layer)
        self._weights = weights

    def from_features(self, features: tf.Tensor) -> tf.Tensor:
        """The weighted sums of pre-activations, from the layer's input."""
        values = self._network.pre_activations(features, self._layer)
        return tf.einsum("bhwf,bf->bhw", values, self._weights)


class DirectionAscent(LayerAscent):
    """The ascent of weighted sums of filters of one layer; a unit is a sum.

    Args:
        layer, recipe, network, microbatcher: see `LayerAscent`.
        weights: (sums, filters) float32, the weights of all filters of the layer.
    """

    def __init__(
        self,
        layer: str,
        recipe: Recipe,
        network: Network,
        microbatcher: MicroBatcher,
        weights: np.ndarray,
    ) -> None:
        super().__init__(layer, recipe, network, microbatcher)
        self._weights = tf.constant(weights, tf.float32)

    def unit_response(self, units: tf.Tensor) -> DirectionResponse:
        """The network's response to pictures, one sum for each picture."""
        return DirectionResponse(self.network, self.layer, tf.gather(self._weights, units))


def draw_groups(
    layer: str,
    groups: Sequence[Group],
    filters: int,
    recipe: Recipe,
    network: Network,
    seed: int,
    microbatcher: MicroBatcher,
) -> list[np.ndarray]:
    """Draw a picture for each group of a layer: what fires its filters, each by its weight.

    Args:
        layer: name of the layer.
        groups: its groups; without any, there is one grey picture.
        filters: number of filters of the layer.
        recipe: how filters are drawn. What concerns several pictures, other filters, or what
            suppresses a filter, does not count.
        network: the network.
        seed: the run's seed.
        microbatcher: divides the pictures of a batch.

    Returns:
        (size, size, 3) uint8, RGB, for each group.

    Raises:
        WorkerError: a picture has numbers that are not finite.
    """
    if not groups:
        return [np.full((recipe.size, recipe.size, 3), GREY, np.uint8)]
    weights = np.zeros((len(groups), filters), np.float32)
    for place, group in enumerate(groups):
        for index, _, weight in group.filters:
            weights[place, index] = weight
    alone = {"extra_terms": (), "pictures": 1, "diversity": 0.0, "negative": False}
    single = recipe.model_copy(update=alone)
    ascent = DirectionAscent(layer, single, network, microbatcher, weights)
    results = ascent.draw([Initialisation(unit, seed) for unit in range(len(groups))])
    check_finite(results, f"a group of {layer}")
    return [deprocess(result.picture, single.contrast) for result in results]
