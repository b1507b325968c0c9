"""Any Keras model as a network whose filters can be drawn."""

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from filter_atlas import network
from filter_atlas.classes.keras_model import scope_names
from filter_atlas.models.graph import LARGEST, Convolution, lay_open, linear
from filter_atlas.models.source import Source
from filter_atlas.network import Network, Sight, own_pre_activations
from filter_atlas.precision import Precision

FAMILIAR = 32
"""Side of the smallest pictures of a recipe, in pixels: a network that takes them takes all."""


class KerasNetwork(Network):
    """A Keras model.

    A filter's pre-activation is what its convolution gives, with the batch norms that follow,
    before any activation; its activation is that after a ReLU, whatever the network has there.

    Args:
        model: the model, with its weights.
        source: where it came from, and what it is fed.
        precision: what it computes in, all but its first convolution and what stands before it.
    """

    def __init__(self, model: Any, source: Source, precision: Precision = "float32") -> None:
        self.graph = lay_open(model, source.title)
        if precision == "bfloat16":
            self.graph.compute_in_bfloat16()
        scope_names(call.layer for call in self.graph.calls)
        self._feed = source.feed
        self._channels = source.channels
        self._smallest = self.graph.smallest()
        self._sides = self.graph.sides(self._full)
        self._bare = {name: _bare(one) for name, one in self.graph.convolutions.items()}

    @property
    def _full(self) -> int:
        return self.graph.size or max(LARGEST, -(-self._smallest // LARGEST) * LARGEST)

    def below(self, pictures: tf.Tensor, layers: Iterable[str]) -> dict[str, tf.Tensor]:
        """What each of some layers sees of pictures, in one pass up to the deepest."""
        return self.graph.seen(self.fed(pictures), layers)

    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """A layer's pre-activations; all are computed, whichever are asked for."""
        values = self._bare[layer](features)
        for normalisation in self.graph.convolutions[layer].normalisations:
            values = normalisation(values, training=False)
        values = tf.cast(values, tf.float32)
        return values if filters is None else tf.gather(values, filters, axis=3)

    def sight(self, layer: str, filters: tf.Tensor) -> Sight:
        """One filter a picture: alone where the convolution allows it, else among all."""
        one = self.graph.convolutions[layer]
        kind = _Alone if one.plain else _Among
        return kind(self, layer, filters)

    def cell_side(self, layer: str) -> int:
        """Side of the square of pixels that one cell of a layer stands for, or nearly so."""
        return max(1, round(self._full / self._sides[layer]))

    def aligned(self, layer: str) -> bool:
        """Whether a picture is not resized, and a whole number of the layer's cells wide."""
        return (
            not self.graph.size
            and self._smallest <= FAMILIAR
            and self._full % self._sides[layer] == 0
        )

    def fed(self, pictures: tf.Tensor) -> tf.Tensor:
        """What the network is fed: as large as it needs, in the numbers it was trained on."""
        if self.graph.size:
            pictures = tf.image.resize(pictures, [self.graph.size, self.graph.size])
        elif self._smallest > FAMILIAR:
            shape = tf.maximum(tf.shape(pictures)[1:3], self._smallest)
            pictures = tf.image.resize(pictures, shape)
        return network.fed(pictures, self._feed, self.graph.channels, self._channels)


class _Among:
    """Filters that are computed with all the others of their layer."""

    def __init__(self, of: KerasNetwork, layer: str, filters: tf.Tensor) -> None:
        self._of, self._layer = of, layer
        self._chosen = tf.one_hot(filters, of.graph.convolutions[layer].filters)

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        return self.of_features(self._of.below(pictures, [self._layer])[self._layer])

    def of_features(self, features: tf.Tensor) -> tf.Tensor:
        values = self._of.pre_activations(features, self._layer)
        # A product, not a gather: the gradient of a gather is a scatter, on GPUs unordered.
        return tf.einsum("bhwf,bf->bhw", values, self._chosen)


class _Alone:
    """Filters of which each is computed for its own picture only."""

    def __init__(self, of: KerasNetwork, layer: str, filters: tf.Tensor) -> None:
        self._of, self._layer = of, layer
        convolution = of.graph.convolutions[layer]
        kernels = tf.gather(tf.convert_to_tensor(convolution.layer.kernel), filters, axis=3)
        kernels = tf.cast(kernels, convolution.layer.compute_dtype)
        self._kernels = tf.transpose(kernels, [3, 0, 1, 2])
        if convolution.layer.use_bias:
            self._biases = tf.gather(tf.convert_to_tensor(convolution.layer.bias), filters)
        else:
            self._biases = tf.zeros_like(filters, tf.float32)
        self._scales = [_scale(one, filters) for one in convolution.normalisations]

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        return self.of_features(self._of.below(pictures, [self._layer])[self._layer])

    def of_features(self, features: tf.Tensor) -> tf.Tensor:
        values = own_pre_activations(features, self._kernels, self._biases)
        for scale, offset in self._scales:
            values = values * scale + offset
        return values


def _scale(normalisation: Any, filters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What a batch norm multiplies the chosen filters by, and adds: (batch, 1, 1) each."""
    scale = tf.math.rsqrt(normalisation.moving_variance + normalisation.epsilon)
    if normalisation.scale:
        scale *= normalisation.gamma
    offset = -normalisation.moving_mean * scale
    if normalisation.center:
        offset += normalisation.beta
    chosen = [tf.gather(tf.convert_to_tensor(one), filters) for one in (scale, offset)]
    return chosen[0][:, tf.newaxis, tf.newaxis], chosen[1][:, tf.newaxis, tf.newaxis]


def _bare(convolution: Convolution) -> Any:
    """A convolution without the activation that is fused into it."""
    layer = convolution.layer
    if linear(layer):
        return layer
    bare = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    bare.build(convolution.seen.shape)
    bare.set_weights(layer.get_weights())
    return bare
