"""How a layer responds to finished pictures: the input of all picture measures.

Everything is computed from the 8 bits of the PNG, which people see, and not from the picture that
was optimised. A shifted and a rotated picture show whether the filter still fires when the
picture changes a little. The activations of all filters of the layer show how selective it is, and
those in the cell that fires most show the path that the picture takes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas.measure.cells import greatest_cells, paths_in_cells
from filter_atlas.measure.contributions import Contributions
from filter_atlas.measure.measures import PictureResponse
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.networks.contributions import contributions
from filter_atlas.optimize import transforms
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher

SHIFT = 4
"""Pixels by which a picture is shifted, to the right and down."""

ROTATION = 5.0
"""Degrees by which a picture is rotated, counter-clockwise."""


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
        before: Counter[int] = Counter()
        places = []
        for filter in filters:
            places.append(filter + before[filter])
            before[filter] += 1
        return self._microbatcher.map(partial(self._run, self._graph), pictures, places=places)

    def _run(self, graph: Any, pictures: Sequence[tuple[np.ndarray, int]]) -> list[PictureResponse]:
        pixels = np.stack([picture for picture, _ in pictures])
        filters = [filter for _, filter in pictures]
        maps = _changes(pixels.shape[1])
        activations, peaks, paths, changed, fed, cells, *article = (
            output.numpy() for output in graph(pixels, np.array(filters, np.int32), maps)
        )
        return [
            PictureResponse(
                pixels=pixels[place],
                filter=filter,
                activations=activations[place],
                peak=float(peaks[place]),
                path=paths[place],
                shifted=float(changed[0, place]),
                rotated=float(changed[1, place]),
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
            height, width = tf.shape(own)[1], tf.shape(own)[2]
            highest, cells = greatest_cells(tf.reshape(own, [-1, height * width, 1]))
            rows, columns = cells[:, 0] // width, cells[:, 0] % width
            places = tf.stack([tf.range(tf.shape(cells)[0]), rows, columns], axis=1)
            fed = contributions(features, kernel, places, filters)
            article = []
            if self._article_network:
                article_response = self._article_network.unit_response(self.layer, filters)
                values = tf.nn.relu(article_response.pre_activations(pictures))
                article.append(tf.reduce_mean(values, axis=[1, 2]))
            return (
                tf.reduce_mean(activations, axis=[1, 2]),
                tf.nn.relu(highest[:, 0]),
                paths_in_cells(activations, cells)[:, 0],
                # One after the other: each change needs as much memory as the pictures themselves.
                tf.map_fn(changed, changes, parallel_iterations=1),
                tf.concat([highest, fed], axis=1),
                places[:, 1:],
                *article,
            )

        return graph


def _changes(size: int) -> np.ndarray:
    """The affine maps of a shift and a rotation: (2, 6) float32."""
    maps = [transforms.shifted(-SHIFT, -SHIFT), transforms.rotated(ROTATION, size)]
    return np.array([matrix[:2].ravel() for matrix in maps], np.float32)
