"""The dream: gradient ascent that starts from a photograph instead of noise.

The objective is the mean of a layer's squared activations. Method: A. Mordvintsev, C. Olah,
M. Tyka, "Inceptionism: Going Deeper into Neural Networks" (Google Research Blog, 2015), and their
notebook `deepdream/dream.ipynb`, which has the octaves, the shifts, the tiles and the guide. Lost
detail is added again as in F. Chollet, "Deep Dream" (an example of Keras). NumPy holds whole
pictures, TensorFlow only tiles of them: the size of a tile bounds TensorFlow's memory.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.random_streams import random_stream
from filter_atlas.base.vgg16_spec import MINIMUM_SIZE
from filter_atlas.dream import tiles
from filter_atlas.networks.base import Network
from filter_atlas.settings.dreams import Dream

GRADIENT_FLOOR = 1e-7
"""Added to the gradient's root mean square before dividing by it."""

GUIDE_CELLS = 1024
"""Maximum number of evenly spaced guide cells to search for a match."""


@dataclass(frozen=True)
class DreamResult:
    """The result of a dream.

    Attributes:
        pixels: (height, width, 3) uint8, RGB; the photograph's size.
        loss: the objective before each step, for every octave, smallest first.
    """

    pixels: np.ndarray
    loss: tuple[tuple[float, ...], ...]


class DeepDream:
    """Dreams photographs with the same settings. Its graph is traced once and kept.

    Internally, pictures are (height, width, 3) float32, **BGR** (the weights are Caffe's), in grey
    levels from 0 to 255 with nothing subtracted.

    Args:
        dream: the settings.
        network: the network.
        guide: (height, width, 3) uint8, RGB, the guide; None for no guide.
    """

    def __init__(self, dream: Dream, network: Network, guide: np.ndarray | None = None) -> None:
        self._dream = dream
        self._network = network
        self._guides = None if guide is None else self._guide_features(guide)

    def dream(self, photo: np.ndarray, steps: int | None = None, number: int = 0) -> DreamResult:
        """Dream a photograph.

        Octaves go from the smallest size to the photograph's own. The change of an octave, which is
        the difference from the photograph at that size, is enlarged and added to the photograph at
        the next size. So no detail is lost with the small size.

        Args:
            photo: (height, width, 3) uint8, RGB; at least 32 pixels a side.
            steps: number of steps in every octave; None means the settings' number.
            number: changes the random shifts, so that the frames of an animation differ.

        Raises:
            WeightsError: activations are not finite.
        """
        steps = self._dream.steps if steps is None else steps
        random = random_stream([self._dream.seed, *b"dream", number])
        original = photo[..., ::-1].astype(np.float32)
        losses = []
        change = np.zeros((1, 1, 3), np.float32)
        for shape in self._shapes(original.shape[0], original.shape[1]):
            resized_original = resized(original, shape)
            picture = resized(change, shape)
            picture += resized_original
            np.clip(picture, 0, 255, out=picture)
            losses.append(self._run_octave(picture, steps, random))
            if shape != original.shape[:2]:
                change = picture - resized_original
        pixels = np.rint(picture, out=picture).astype(np.uint8)[..., ::-1]
        return DreamResult(np.ascontiguousarray(pixels), tuple(losses))

    def gradient(self, picture: np.ndarray, offsets: tuple[int, int]) -> tuple[float, np.ndarray]:
        """The objective of a whole picture, and its gradient times a factor.

        The objective is a mean over cells. The gradient is that of the sum over the pixels that the
        cells stand for: it does not depend on the picture's size.

        Args:
            picture: (height, width, 3) float32, BGR.
            offsets: shift of the grid of tiles in pixels, down and to the right.

        Returns:
            The objective, and the gradient: (height, width, 3) float32.
        """
        height, width, _ = picture.shape
        gradient = np.empty_like(picture)
        cell = self._cell
        tile = max(self._dream.tile // cell * cell, cell)
        sums, cells = np.zeros(len(self._dream.layers)), np.zeros(len(self._dream.layers))
        for rows in tiles.spans(height, tile, offsets[0], cell):
            for columns in tiles.spans(width, tile, offsets[1], cell):
                window = tiles.window(picture, rows, columns)
                window_gradient, *responses = self._graph(window[np.newaxis])
                gradient[rows.tile, columns.tile] = window_gradient.numpy()[
                    0, rows.in_window, columns.in_window
                ]
                for index, response in enumerate(responses):
                    _, high, wide = response.shape
                    tile_response = response.numpy()[0, rows.cells(high), columns.cells(wide)]
                    sums[index] += tile_response.sum(dtype=np.float64)
                    cells[index] += tile_response.size
        weights = [term.weight for term in self._dream.layers]
        return float(np.dot(weights, sums / cells)), gradient

    @cached_property
    def _cell(self) -> int:
        """Side of the cells on whose grid every window starts, in pixels."""
        sides = [self._network.stride(term.layer) for term in self._dream.layers]
        return max(tiles.CELL, *sides)

    def _run_octave(
        self, picture: np.ndarray, steps: int, random: np.random.RandomState
    ) -> tuple[float, ...]:
        """Take steps that change a picture in place; return the loss before each step."""
        losses = []
        for _ in range(steps):
            down, right = random.randint(0, self._dream.jitter + 1, 2)
            loss, gradient = self.gradient(picture, (int(down), int(right)))
            size = root_mean_square(gradient)
            if not np.isfinite([loss, size]).all():
                raise WeightsError(
                    "the network's response to the photograph is not finite",
                    "give other weights of the network, or lower each `weight` in `layers`",
                )
            gradient *= self._dream.step_size / (size + GRADIENT_FLOOR)
            picture += gradient
            np.clip(picture, 0, 255, out=picture)
            losses.append(loss)
        return tuple(losses)

    def _shapes(self, height: int, width: int) -> list[tuple[int, int]]:
        """Height and width of the octaves, smallest first."""
        scales = [self._dream.octave_scale**power for power in range(self._dream.octaves)]
        shapes = [(round(height / scale), round(width / scale)) for scale in scales]
        large_enough = [shape for shape in shapes if min(shape) >= MINIMUM_SIZE]
        return list(dict.fromkeys(large_enough))[::-1]

    @cached_property
    def _graph(self) -> Any:
        """Gradient and responses of a window, as one graph for windows of all sizes.

        A function of (1, height, width, 3) float32. It returns the gradient, of the same shape, and
        the response of each cell for every term, (1, rows, columns) float32. NumPy sums these,
        because TensorFlow's order of summation can depend on the number of threads.
        """

        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False, input_signature=[tf.TensorSpec([1, None, None, 3], tf.float32)]
        )
        def graph(window: tf.Tensor) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape() as tape:
                tape.watch(window)
                responses = self._responses(window)
                value = tf.add_n(
                    [
                        term.weight
                        * self._network.stride(term.layer) ** 2
                        * tf.reduce_sum(response)
                        for term, response in zip(self._dream.layers, responses, strict=True)
                    ]
                )
            return tape.gradient(value, window), *responses

        return graph

    def _responses(self, window: tf.Tensor) -> list[tf.Tensor]:
        """The response of each cell, for every term: (1, rows, columns) float32."""
        by_term = self._activations(window)
        if self._guides is None:
            return [tf.reduce_mean(tf.square(activations), axis=-1) for activations in by_term]
        return [
            guide_similarity(activations, guide)
            for activations, guide in zip(by_term, self._guides, strict=True)
        ]

    def _activations(self, pictures: tf.Tensor) -> list[tf.Tensor]:
        """The activations of every term's layer or filter: (batch, rows, columns, filters)."""
        layers = {term.layer for term in self._dream.layers}
        features = self._network.input_features(pictures, layers)
        by_term = []
        for term in self._dream.layers:
            values = self._network.pre_activations(features[term.layer], term.layer)
            if term.filter >= 0:
                values = values[..., term.filter : term.filter + 1]
            by_term.append(tf.nn.relu(values))
        return by_term

    def _guide_features(self, guide: np.ndarray) -> list[tf.Tensor]:
        """Activations of evenly spaced guide cells, for every term: (cells, filters) float32."""
        picture = tf.constant(guide[np.newaxis, ..., ::-1].astype(np.float32))
        features = []
        for activations in self._activations(picture):
            cells = tf.reshape(activations, [-1, activations.shape[-1]])
            count = min(GUIDE_CELLS, cells.shape[0])
            chosen = np.linspace(0, cells.shape[0] - 1, count).round().astype(int)
            features.append(tf.gather(cells, chosen))
        return features


def guide_similarity(activations: tf.Tensor, guide: tf.Tensor) -> tf.Tensor:
    """The similarity of each cell to the most similar cell of the guide.

    The similarity is the dot product of activations, divided by their number. Source: the guided
    dream of the notebook `deepdream/dream.ipynb` (A. Mordvintsev, C. Olah, M. Tyka, 2015).

    Args:
        activations: (1, rows, columns, filters) float32.
        guide: (cells, filters) float32.

    Returns:
        (1, rows, columns) float32.
    """

    def best(row: tf.Tensor) -> tf.Tensor:
        products = tf.matmul(row, guide, transpose_b=True)
        return tf.gather(guide, tf.argmax(products, axis=-1))

    # Row by row: the products of a whole window would take more memory than everything else.
    matches = tf.map_fn(best, tf.stop_gradient(activations[0]), parallel_iterations=1)
    return tf.reduce_mean(activations * tf.stop_gradient(matches), axis=-1)


def resized(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resize a picture by bicubic interpolation, which is linear in the picture's values.

    Args:
        picture: (height, width, 3) float32, unbounded.
        shape: the new height and width.

    Returns:
        (*shape, 3) float32; the picture itself if it has this size.
    """
    if picture.shape[:2] == shape:
        return picture
    result = np.empty((*shape, 3), np.float32)
    for channel in range(3):
        image = Image.fromarray(np.ascontiguousarray(picture[..., channel]))
        result[..., channel] = np.asarray(image.resize(shape[::-1], Image.Resampling.BICUBIC))
    return result


def root_mean_square(values: np.ndarray) -> float:
    """The root mean square of a picture, summed row by row in float64."""
    total = sum(float(np.square(row, dtype=np.float64).sum()) for row in values)
    return float(np.sqrt(total / values.size))
