"""How a layer responds to finished pictures: the input of all picture measures.

Everything is computed from the 8 bits of the PNG, which people see, and not from the picture that
was optimised. A shifted and a rotated picture show whether the filter still fires when the
picture changes a little. The activations of all filters of the layer show how selective it is.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas.measure.contributions import Contributions
from filter_atlas.measure.measures import PictureResponse
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.networks.contributions import contributions
from filter_atlas.optimize import transforms
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher

SHIFT = 4
"""Pixels by which a picture is shifted, to the right and down or to the left and up."""

ROTATION = 5.0
"""Degrees by which a picture is rotated, in either direction."""


class LayerResponses:
    """Computes how one layer responds to pictures; the graph is traced once for all sizes.

    Args:
        layer: name of the layer.
        network: the network.
        microbatcher: how the pictures of a batch are computed.
        as_trained: whether the pictures were drawn for the network as it was trained, and not as in
            the article of 2016. Otherwise the response to both is computed.
    """

    def __init__(
        self,
        layer: str,
        network: Network,
        microbatcher: MicroBatcher = WHOLE_BATCH,
        as_trained: bool = True,
    ) -> None:
        self.layer = layer
        self.network = network
        fed_as_drawn = network.fed(as_trained)
        self._article_network = None if as_trained or fed_as_drawn is network else fed_as_drawn
        self._microbatcher = microbatcher

    def to_pictures(
        self, pixels: Iterable[np.ndarray], filters: Sequence[int]
    ) -> list[PictureResponse]:
        """The responses to a batch of pictures.

        Args:
            pixels: (size, size, 3) uint8 each, RGB, all of one size.
            filters: index of each picture's own filter.
        """
        pictures = list(zip(pixels, filters, strict=True))
        return self._microbatcher.map(partial(self._run, self._graph), pictures)

    def _run(self, graph: Any, pictures: Sequence[tuple[np.ndarray, int]]) -> list[PictureResponse]:
        pixels = np.stack([picture for picture, _ in pictures])
        filters = [filter for _, filter in pictures]
        maps = _changes(pixels.shape[1])
        activations, peaks, changed, fed, cells, *article = (
            output.numpy() for output in graph(pixels, np.array(filters, np.int32), maps)
        )
        return [
            PictureResponse(
                pixels=pixels[place],
                filter=filter,
                activations=activations[place],
                peak=float(peaks[place]),
                shifted=(float(changed[0, place]), float(changed[1, place])),
                rotated=(float(changed[2, place]), float(changed[3, place])),
                article_activation=float(article[0][place]) if article else None,
                contributions=Contributions(
                    fed[place, 1:], float(fed[place, 0]), tuple(cells[place].tolist())
                ),
            )
            for place, filter in enumerate(filters)
        ]

    @cached_property
    def _graph(self) -> Any:
        kernel = self.network.kernel(self.layer)

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
        ) -> tuple[tf.Tensor, ...]:
            pictures = from_rgb(pixels)
            response = self.network.unit_response(self.layer, filters)

            def changed(change: tf.Tensor) -> tf.Tensor:
                maps = tf.tile(change[tf.newaxis], [tf.shape(pictures)[0], 1])
                warped = transforms.warp(pictures, maps, tf.shape(pictures)[1], fill_mode="REFLECT")
                return tf.reduce_mean(tf.nn.relu(response.pre_activations(warped)), axis=[1, 2])

            features = self.network.input_features(pictures, [self.layer])[self.layer]
            pre_activations = self.network.pre_activations(features, self.layer)
            activations = tf.nn.relu(pre_activations)
            own = tf.gather(pre_activations, filters, axis=3, batch_dims=1)
            highest, cells = _strongest_cells(own)
            places = tf.concat([tf.range(tf.shape(cells)[0])[:, tf.newaxis], cells], axis=1)
            fed = contributions(features, kernel, places, filters)
            article = []
            if self._article_network:
                article_response = self._article_network.unit_response(self.layer, filters)
                values = tf.nn.relu(article_response.pre_activations(pictures))
                article.append(tf.reduce_mean(values, axis=[1, 2]))
            return (
                tf.reduce_mean(activations, axis=[1, 2]),
                tf.nn.relu(highest),
                # One after the other: each change needs as much memory as the pictures themselves.
                tf.map_fn(changed, changes, parallel_iterations=1),
                tf.concat([highest[:, tf.newaxis], fed], axis=1),
                cells,
                *article,
            )

        return graph


def _strongest_cells(maps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The greatest value of each map, and the row and the column of the first cell that has it.

    Args:
        maps: (batch, height, width) float32.
    """
    batch, _, columns = tf.unstack(tf.shape(maps))
    cells = tf.reshape(maps, [batch, -1])
    greatest = tf.reduce_max(cells, axis=1)
    # Not `argmax`: which of several equal cells it returns is not defined.
    is_greatest = tf.equal(cells, greatest[:, tf.newaxis])
    places = tf.range(tf.shape(cells)[1])[tf.newaxis]
    first = tf.reduce_min(tf.where(is_greatest, places, tf.int32.max), axis=1)
    return greatest, tf.stack([first // columns, first % columns], axis=1)


def _changes(size: int) -> np.ndarray:
    """The affine maps of two shifts and two rotations: (4, 6) float32."""
    maps = [
        transforms.shifted(SHIFT, SHIFT),
        transforms.shifted(-SHIFT, -SHIFT),
        transforms.rotated(ROTATION, size),
        transforms.rotated(-ROTATION, size),
    ]
    return np.array([matrix[:2].ravel() for matrix in maps], np.float32)
