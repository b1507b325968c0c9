"""Observing photographs: one pass of the network gives the activations of all layers."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas.base.errors import ModelError
from filter_atlas.evidence.observations import (
    BINS,
    LOWEST_EXPONENT,
    ROW,
    LayerLayout,
    Layout,
    Observation,
)
from filter_atlas.measure.cells import greatest_cells
from filter_atlas.measure.record import versions
from filter_atlas.networks import tensorflow_device
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.networks.input_size import observed_size
from filter_atlas.networks.load import load_network
from filter_atlas.optimize.microbatches import (
    PHOTOGRAPHS_AT_ONCE,
    MicroBatcher,
    microbatches_at_once,
)
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical


class Observer:
    """Observes how all filters of some layers respond to photographs.

    Args:
        network: the network.
        layers: names of the layers.
        size: side of the squares that the network sees, in pixels.
        device: the device that computes, as records name it.
        threads: number of microbatches to compute at the same time. All microbatches have the same
            size on every device, so what is observed of a photograph does not depend on others.
        weights_digest: sha256 of the network's weights.
    """

    def __init__(
        self,
        network: Network,
        layers: Sequence[str],
        size: int,
        device: str = "",
        threads: int = 1,
        weights_digest: str = "",
    ) -> None:
        self.device = device
        self._network = network
        self._size = size
        self._weights_digest = weights_digest
        self._microbatcher = MicroBatcher(threads, PHOTOGRAPHS_AT_ONCE)
        self._shapes: dict[str, tuple[int, int, int]] = dict.fromkeys(layers, (0, 0, 0))
        self._graph = tf.function(
            self._observe,
            autograph=False,
            input_signature=[tf.TensorSpec([PHOTOGRAPHS_AT_ONCE, size, size, 3], tf.uint8)],
        )

    @cached_property
    def layout(self) -> Layout:
        """The layout of the observations."""
        self._graph.get_concrete_function()  # finds the shapes
        fields = self._network.receptive_fields(self._size)
        layers = {
            name: LayerLayout.of_layer(filters, (rows, columns), fields[name])
            for name, (rows, columns, filters) in self._shapes.items()
        }
        return Layout(self._size, layers, self._weights_digest, versions())

    def observe(self, squares: Sequence[np.ndarray]) -> list[Observation]:
        """Observe photographs.

        Args:
            squares: at least one; (size, size, 3) uint8 each, RGB.
        """
        return self._microbatcher.map(self._run, squares)

    def _run(self, squares: Sequence[np.ndarray]) -> list[Observation]:
        maxima, cells, means, counts = (output.numpy() for output in self._graph(np.stack(squares)))
        if not np.isfinite(maxima).all():
            raise ModelError(
                "the activations on a photograph are not finite numbers; correct the network's "
                "weights, or `preprocessing`"
            )
        rows = np.empty(maxima.shape, ROW)
        rows["maximum"], rows["cell"], rows["mean"] = maxima, cells, means
        return [Observation(*one) for one in zip(rows, counts, strict=True)]

    def _observe(self, pixels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        features = self._network.input_features(from_rgb(pixels), list(self._shapes))
        observed = []
        for layer in self._shapes:
            activations = tf.nn.relu(self._network.pre_activations(features[layer], layer))
            self._shapes[layer] = tuple(activations.shape[1:])
            observed.append(_summarise(activations))
        return tuple(tf.concat(parts, axis=1) for parts in zip(*observed, strict=True))


def load_observer(
    weights: Path,
    planned: NetworkSource | None,
    layers: Sequence[str],
    size: int | None,
    device: str,
    cores: int,
    alone: bool = True,
) -> Observer:
    """Choose the device, and load the network that observes.

    Args:
        weights: the canonical file of the network.
        planned: the source of the network that the settings name.
        layers: names of the layers.
        size: the setting `photos.size`; None for the size that the network was trained on.
        device: `cpu` or `gpu:N`.
        cores: number of processor cores to use.
        alone: whether the process has no other use of TensorFlow. Then an operation has one thread,
            and on a processor an observation has the same bits on any number of cores.

    Raises:
        ConfigError: the network does not take pictures of this size.
        WeightsError, ModelError, WorkerError: the network or the device cannot be used.
    """
    used = tensorflow_device.select(device, threads=1 if alone else None)
    network, digest = load_network(weights, planned)
    trained = canonical.load_header(weights).source.trained_size
    side = observed_size(network, size, trained)
    threads = microbatches_at_once(device, cores)
    return Observer(network, layers, side, used, threads, digest)


def _summarise(activations: tf.Tensor) -> tuple[Any, ...]:
    """Greatest activation, its first cell, mean, and histogram of cells of every filter.

    Args:
        activations: (batch, height, width, filters) float32, not negative.
    """
    batch, _, _, filters = activations.shape
    cells = tf.reshape(activations, [batch, -1, filters])
    return *greatest_cells(cells), tf.reduce_mean(cells, axis=1), _histogram(cells)


def _histogram(cells: tf.Tensor) -> tf.Tensor:
    """Number of cells in each bin of `observations.edges`: (batch, filters, bins) int32.

    Args:
        cells: (batch, cells, filters) float32, not negative.
    """
    # The exponent of a float32, which is the power of two below it, is in its first bits. A zero of
    # either sign has the exponent 0, once the sign is removed.
    exponents = tf.bitwise.right_shift(tf.bitcast(cells, tf.uint32), tf.constant(23, tf.uint32))
    exponents = tf.cast(tf.bitwise.bitwise_and(exponents, 255), tf.int32)
    batch, _, filters = cells.shape
    # On a GPU, TensorFlow has no deterministic way to count.
    with tf.device("CPU:0"):
        flat = tf.reshape(exponents + 256 * tf.range(filters), [batch, -1])
        counts = tf.math.bincount(flat, minlength=256 * filters, maxlength=256 * filters, axis=-1)
    by_exponent = tf.reshape(counts, [batch, filters, 256])
    lowest = 127 + LOWEST_EXPONENT
    return tf.concat(
        [
            by_exponent[..., :1],
            tf.reduce_sum(by_exponent[..., 1 : lowest + 1], axis=-1, keepdims=True),
            by_exponent[..., lowest + 1 : lowest + BINS - 2],
            tf.reduce_sum(by_exponent[..., lowest + BINS - 2 :], axis=-1, keepdims=True),
        ],
        axis=-1,
    )
