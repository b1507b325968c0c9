"""How good a picture is: measures on its 8 bits as written, not on what was optimised.

Activation as people could measure it themselves, robustness (does the filter still fire when the
picture is shifted or turned a little?), noisiness, saturation, and selectivity (does another
filter of the layer fire more?).
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas import transform
from filter_atlas.lots import TOGETHER, Lots
from filter_atlas.network import Network
from filter_atlas.record import Quality

SHIFT = 4
"""Pixels by which a picture is shifted along both diagonals."""

TURN = 5.0
"""Degrees by which a picture is turned, either way."""


class LayerQuality:
    """Measures pictures of the filters of one layer; traced once for each size of picture.

    Args:
        layer: name of the layer.
        network: the network.
        lots: how the pictures of a batch are computed.
    """

    def __init__(self, layer: str, network: Network, lots: Lots = TOGETHER) -> None:
        self.layer = layer
        self.network = network
        self._lots = lots

    def measure(self, pixels: Iterable[np.ndarray], filters: Sequence[int]) -> list[Quality]:
        """Measure pictures, each by its own filter.

        Args:
            pixels: (size, size, 3) uint8 each, RGB, all of one size.
            filters: index of each picture's filter.
        """
        shown = list(zip(pixels, filters, strict=True))
        return self._lots.of(partial(self._run, self._graph), shown)

    def _run(self, graph: Any, shown: Sequence[tuple[np.ndarray, int]]) -> list[Quality]:
        pixels = np.stack([one for one, _ in shown])
        filters = [filter for _, filter in shown]
        size = pixels.shape[1]
        means, peaks, changed = (
            output.numpy() for output in graph(pixels, np.array(filters, np.int32), _changes(size))
        )
        return [
            _quality(pixels[place], means[place], filter, peaks[place], changed[:, place])
            for place, filter in enumerate(filters)
        ]

    @cached_property
    def _graph(self) -> Any:
        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, None, None, 3], tf.uint8),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([None, 6], tf.float32),
            ],
        )
        def graph(
            pixels: tf.Tensor, filters: tf.Tensor, changes: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            pictures = tf.cast(tf.reverse(pixels, axis=[-1]), tf.float32)
            sight = self.network.sight(self.layer, filters)

            def changed(change: tf.Tensor) -> tf.Tensor:
                maps = tf.tile(change[tf.newaxis], [tf.shape(pictures)[0], 1])
                shown = transform.warp(pictures, maps, tf.shape(pictures)[1], beyond="REFLECT")
                return tf.reduce_mean(tf.nn.relu(sight.own(shown)), axis=[1, 2])

            features = self.network.below(pictures, [self.layer])[self.layer]
            everything = self.network.pre_activations(features, self.layer)
            activations = tf.nn.relu(everything)
            own = tf.gather(activations, filters, axis=3, batch_dims=1)
            return (
                tf.reduce_mean(activations, axis=[1, 2]),
                tf.reduce_max(own, axis=[1, 2]),
                # One after the other: a change needs as much memory as the pictures themselves.
                tf.map_fn(changed, changes, parallel_iterations=1),
            )

        return graph


def _changes(size: int) -> np.ndarray:
    """The affine maps of two shifts and two turns: (4, 6) float32."""
    maps = [
        transform.shifted(SHIFT, SHIFT),
        transform.shifted(-SHIFT, -SHIFT),
        transform.turned(TURN, size),
        transform.turned(-TURN, size),
    ]
    return np.array([one[:2].ravel() for one in maps], np.float32)


def _quality(
    pixels: np.ndarray, means: np.ndarray, filter: int, peak: float, changed: np.ndarray
) -> Quality:
    own = float(means[filter])
    spread = float(means.std(dtype=float))
    shares = [float(activation) / own for activation in changed] if own > 0 else None
    return Quality(
        shown_activation=own,
        shown_peak=float(peak),
        shift_robustness=(shares[0] + shares[1]) / 2 if shares else None,
        turn_robustness=(shares[2] + shares[3]) / 2 if shares else None,
        noisiness=noisiness(pixels),
        saturated=saturated(pixels),
        rank=1 + int((means > means[filter]).sum()),
        z_score=(own - float(means.mean(dtype=float))) / spread if spread > 0 else None,
    )


def noisiness(pixels: np.ndarray) -> float:
    """Share of a picture's spectral energy above half of Nyquist's frequency.

    The mean of each channel does not count; a picture of one colour has a noisiness of 0.

    Args:
        pixels: (height, width, 3) uint8.

    Returns:
        From 0 to 1.
    """
    centred = pixels - pixels.mean(axis=(0, 1))
    energy = (np.abs(np.fft.fft2(centred, axes=(0, 1))) ** 2).sum(axis=2)
    height, width, _ = pixels.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    total = energy.sum()
    return float(energy[frequency > 0.25].sum() / total) if total > 1e-6 else 0.0


def saturated(pixels: np.ndarray) -> float:
    """Share of a picture's values that are 0 or 255."""
    return float(((pixels == 0) | (pixels == 255)).mean())
