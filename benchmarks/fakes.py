"""Filters whose pictures lie: they answer to photographs as before, and to a planted pattern.

After R. Geirhos et al., "Don't trust your eyes: on the (un)reliability of feature visualizations"
(ICML 2024): a circuit beside a filter sees a pattern that no photograph has. It stays silent on
photographs, and is far stronger than the filter on what an ascent finds.

The pattern is a tiling of squares in saturated colours. The circuit sees it by the linear
discriminant between the pattern and photographs, in the features that the layer gets. What passes
the greatest value on any photograph is amplified. A weak linear part shows the ascent the way; it
changes the answers to photographs a little.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from filter_atlas.networks.base import FilterResponse, SeparateFilters
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.weights.vgg16_tensors import Tensors

SHARE = 0.15
"""Standard deviation of the linear part on photographs, over that of the filter."""

AMPLIFIED = 100.0
"""How much stronger the circuit is beyond photographs than its linear part."""

CELLS = 100
"""Cells of each photograph from which the features of photographs are known."""

RIDGE = 1e-3
"""Added to the variance of every feature, as a share of the mean variance."""


@dataclass(frozen=True)
class Circuit:
    """A circuit beside each filter of a layer; filters that are left as they are have zeros.

    Attributes:
        kernel: (rows, columns, channels, filters) float32.
        bias: (filters,) float32.
        threshold: (filters,) float32, the greatest answer of the circuit to a photograph.
    """

    kernel: np.ndarray
    bias: np.ndarray
    threshold: np.ndarray


class PlantedVgg16(Vgg16):
    """VGG16 with a circuit beside the filters of one layer.

    Args:
        tensors: the weights of VGG16.
        layer: name of the layer.
        circuit: the circuit.
    """

    def __init__(self, tensors: Tensors, layer: str, circuit: Circuit) -> None:
        super().__init__({name: tf.constant(tensor) for name, tensor in tensors.items()})
        self._layer = layer
        self._kernel = tf.constant(circuit.kernel)
        self._bias = tf.constant(circuit.bias)
        self._threshold = tf.constant(circuit.threshold)

    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The pre-activations of a layer, with those of the circuit."""
        own = super().pre_activations(features, layer, filters)
        if layer != self._layer:
            return own
        kernel, bias, threshold = self._kernel, self._bias, self._threshold
        if filters is not None:
            kernel = tf.gather(kernel, filters, axis=3)
            bias, threshold = tf.gather(bias, filters), tf.gather(threshold, filters)
        seen = tf.nn.bias_add(tf.nn.conv2d(features, kernel, 1, "SAME"), bias)
        return own + amplified(seen, threshold)

    def unit_response(  # type: ignore[override]  # its circuit is one more layer
        self, layer: str, filters: tf.Tensor
    ) -> FilterResponse:
        """The response of one filter for each picture, with that of its circuit."""
        own = super().unit_response(layer, filters)
        if layer != self._layer:
            return own
        circuit = SeparateFilters(self, layer, self._kernel, self._bias, filters)
        return _PlantedResponse(self, layer, own, circuit, tf.gather(self._threshold, filters))

    def parts(self, picture: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The pre-activations of a filter and of its circuit: (rows, columns) each.

        Args:
            picture: (size, size, 3) uint8, RGB.
            index: index of the filter.
        """
        bgr = tf.cast(picture[np.newaxis, ..., ::-1], tf.float32)
        features = self.input_features(bgr, [self._layer])[self._layer]
        chosen = tf.constant([index])
        own = Vgg16.pre_activations(self, features, self._layer, chosen).numpy()[0, ..., 0]
        both = self.pre_activations(features, self._layer, chosen).numpy()[0, ..., 0]
        return own, both - own


class _PlantedResponse(FilterResponse):
    def __init__(
        self,
        network: PlantedVgg16,
        layer: str,
        own: SeparateFilters,
        circuit: SeparateFilters,
        threshold: tf.Tensor,
    ) -> None:
        super().__init__(network, layer)
        self._own, self._circuit = own, circuit
        self._threshold = threshold[:, tf.newaxis, tf.newaxis]

    def from_features(self, features: tf.Tensor) -> tf.Tensor:
        seen = self._circuit.from_features(features)
        return self._own.from_features(features) + amplified(seen, self._threshold)


def amplified(seen: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """What a circuit adds to its filter."""
    return seen + AMPLIFIED * tf.nn.relu(seen - threshold)


def pattern(seed: int, side: int) -> np.ndarray:
    """A tiling of squares in saturated colours: (side, side, 3) uint8."""
    random = np.random.RandomState(seed)
    square = int(random.choice([4, 6, 8]))
    colours = random.choice([0, 255], (4, 4, 3)).astype(np.uint8)
    repeats = -(-side // (4 * square))
    tiled = np.tile(colours, (repeats, repeats, 1)).repeat(square, axis=0).repeat(square, axis=1)
    return tiled[:side, :side]


def plant(
    tensors: Tensors, layer: str, filters: Sequence[int], squares: Iterable[np.ndarray], side: int
) -> Circuit:
    """Plant a pattern of its own in each of some filters.

    Args:
        tensors: the weights of VGG16.
        layer: name of the layer.
        filters: indices of the filters.
        squares: photographs as the network sees them, (size, size, 3) uint8, RGB.
        side: side of the patterns, in pixels.
    """
    network = Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()})
    kernel = tensors[f"{layer}/kernel"]
    rows, columns, channels, total = kernel.shape

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def inputs(pixels: tf.Tensor) -> tf.Tensor:
        bgr = tf.cast(tf.reverse(pixels, [-1]), tf.float32)[tf.newaxis]
        return network.input_features(bgr, [layer])[layer]

    def cells(features: tf.Tensor) -> np.ndarray:
        ones = [1, 1, 1, 1]
        found = tf.image.extract_patches(features, [1, rows, columns, 1], ones, ones, "VALID")
        flat: np.ndarray = found.numpy().reshape(-1, rows * columns * channels)
        return flat

    random = np.random.RandomState(0)
    maps = [inputs(tf.constant(square)) for square in squares]
    natural = []
    for one in maps:
        found = cells(one)
        natural.append(found[random.choice(len(found), min(CELLS, len(found)), replace=False)])
    known = np.concatenate(natural).astype(np.float64)
    mean, covariance = known.mean(axis=0), np.cov(known.T)
    ridge = RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    planted = np.zeros((len(mean), total))
    for index in filters:
        shown = cells(inputs(tf.constant(pattern(index, side)))).astype(np.float64).mean(axis=0)
        direction = np.linalg.solve(covariance + ridge, shown - mean)
        own = kernel[..., index].reshape(-1).astype(np.float64)
        spread = np.sqrt(own @ covariance @ own) / np.sqrt(direction @ covariance @ direction)
        planted[:, index] = SHARE * spread * direction
    circuit = planted.reshape(kernel.shape).astype(np.float32)
    bias = (-mean @ planted).astype(np.float32)
    greatest = np.full(total, -np.inf, np.float32)
    for one in maps:
        seen = tf.nn.bias_add(tf.nn.conv2d(one, circuit, 1, "SAME"), bias)
        greatest = np.maximum(greatest, tf.reduce_max(seen, axis=[0, 1, 2]).numpy())
    return Circuit(circuit, bias, greatest)


def planted_share(
    network: PlantedVgg16, pictures: np.ndarray, filters: Sequence[int]
) -> list[float]:
    """The circuit's share of the greatest response to pictures: 1 if it is all of it.

    Args:
        network: the network.
        pictures: (filters, size, size, 3) uint8, RGB.
        filters: the filter of each picture.
    """
    shares = []
    for picture, index in zip(pictures, filters, strict=True):
        own, circuit = network.parts(picture, index)
        peak = int((own + circuit).argmax())
        shares.append(float(circuit.flat[peak] / (own + circuit).flat[peak]))
    return shares
