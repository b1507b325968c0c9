"""The dream: gradient ascent that starts from a photograph instead of noise.

What is excited is a whole layer, whatever it sees: the mean of its squared activations. Method:
A. Mordvintsev, C. Olah, M. Tyka, "Inceptionism: Going Deeper into Neural Networks" (Google
Research Blog, 2015) and their notebook `deepdream/dream.ipynb`, from which the octaves, the shifts,
the tiles and the guide are; lost detail is put back as in F. Chollet, "Deep Dream" (the example
of Keras). Whole pictures stay in NumPy and only tiles of them are TensorFlow's: memory is bounded
by the tile.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from filter_atlas.dream import tiles
from filter_atlas.dream.settings import Dream
from filter_atlas.errors import WeightsError
from filter_atlas.network import Network
from filter_atlas.recipe import Term
from filter_atlas.vgg16 import MINIMUM_SIZE

GRADIENT_FLOOR = 1e-7
"""Added to the gradient's root mean square before dividing by it."""

GUIDE_CELLS = 1024
"""Of so many cells of the guide, evenly spread, the best match is looked for at most."""


@dataclass(frozen=True)
class Dreamt:
    """A photograph's dream.

    Attributes:
        pixels: (height, width, 3) uint8, RGB; of the photograph's size.
        loss: for every octave, the smallest first, the objective before each of its steps.
    """

    pixels: np.ndarray
    loss: tuple[tuple[float, ...], ...]


class Dreamer:
    """Dreams photographs by the same settings, traced once and kept.

    Inside, pictures are (height, width, 3) float32, **BGR** (the weights are Caffe's), grey levels
    from 0 to 255 with nothing subtracted.

    Args:
        dream: the settings.
        network: the network.
        guide: (height, width, 3) uint8, RGB, of the guide; None where there is none.
    """

    def __init__(self, dream: Dream, network: Network, guide: np.ndarray | None = None) -> None:
        self._dream = dream
        self._network = network
        self._guides = None if guide is None else self._guide_features(guide)

    def dream(self, photo: np.ndarray, steps: int | None = None, number: int = 0) -> Dreamt:
        """Dream a photograph.

        Octaves go from the smallest size to the photograph's own. What was dreamt in an octave,
        as a difference from the photograph at that size, is enlarged and added to the photograph
        at the next size: the detail that the small size has lost is there again.

        Args:
            photo: (height, width, 3) uint8, RGB; 32 pixels a side or more.
            steps: in every octave; None takes those of the settings.
            number: tells apart the random shifts of several dreams, such as an animation's frames.

        Raises:
            WeightsError: activations are not finite.
        """
        steps = self._dream.steps if steps is None else steps
        random = _random(self._dream.seed, number)
        original = photo[..., ::-1].astype(np.float32)
        losses = []
        change = np.zeros((1, 1, 3), np.float32)
        for shape in self._shapes(original.shape[0], original.shape[1]):
            at_this_size = resized(original, shape)
            picture = resized(change, shape)
            picture += at_this_size
            np.clip(picture, 0, 255, out=picture)
            losses.append(self._climb(picture, steps, random))
            if shape != original.shape[:2]:
                change = picture - at_this_size
        pixels = np.rint(picture, out=picture).astype(np.uint8)[..., ::-1]
        return Dreamt(np.ascontiguousarray(pixels), tuple(losses))

    def gradient(self, picture: np.ndarray, offsets: tuple[int, int]) -> tuple[float, np.ndarray]:
        """The objective of a whole picture, and its gradient but for a factor.

        The objective is a mean over cells; the gradient is that of the sum over pixels, so that it
        depends on the picture's size no more than a tile does.

        Args:
            picture: (height, width, 3) float32, BGR.
            offsets: by how many pixels the grid of tiles is shifted, down and to the right.

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
                seen = tiles.window(picture, rows, columns)
                slope, *responses = self._graph(seen[np.newaxis])
                gradient[rows.tile, columns.tile] = slope.numpy()[
                    0, rows.in_window, columns.in_window
                ]
                for place, response in enumerate(responses):
                    _, high, wide = response.shape
                    own = response.numpy()[0, rows.cells(high), columns.cells(wide)]
                    sums[place] += own.sum(dtype=np.float64)
                    cells[place] += own.size
        weights = [term.weight for term in self._dream.layers]
        return float(np.dot(weights, sums / cells)), gradient

    @cached_property
    def _cell(self) -> int:
        """Side of the cells on whose grid every window starts, in pixels."""
        sides = [self._network.cell_side(term.layer) for term in self._dream.layers]
        return max(tiles.CELL, *sides)

    def _climb(
        self, picture: np.ndarray, steps: int, random: np.random.RandomState
    ) -> tuple[float, ...]:
        """Change a picture, in its place, by so many steps; return the loss before each."""
        losses = []
        for _ in range(steps):
            down, right = random.randint(0, self._dream.jitter + 1, 2)
            loss, gradient = self.gradient(picture, (int(down), int(right)))
            size = root_mean_square(gradient)
            if not np.isfinite([loss, size]).all():
                raise WeightsError(
                    "the network's answer to the photograph is not finite",
                    "give weights of the network, or lower the weights of `layers`",
                )
            gradient *= self._dream.rate / (size + GRADIENT_FLOOR)
            picture += gradient
            np.clip(picture, 0, 255, out=picture)
            losses.append(loss)
        return tuple(losses)

    def _shapes(self, height: int, width: int) -> list[tuple[int, int]]:
        """Height and width of the octaves, the smallest first."""
        scales = [self._dream.octave_scale**power for power in range(self._dream.octaves)]
        shapes = [(round(height / scale), round(width / scale)) for scale in scales]
        large_enough = [shape for shape in shapes if min(shape) >= MINIMUM_SIZE]
        return list(dict.fromkeys(large_enough))[::-1]

    @cached_property
    def _graph(self) -> Any:
        """What one window says, as one graph for windows of all sizes.

        A function of (1, height, width, 3) float32. It returns the gradient of the same shape,
        and for every term the response of each cell, (1, rows, columns) float32. These are summed
        outside: TensorFlow's order of summation may depend on the number of threads.
        """

        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False, input_signature=[tf.TensorSpec([1, None, None, 3], tf.float32)]
        )
        def graph(seen: tf.Tensor) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape() as tape:
                tape.watch(seen)
                responses = self._responses(seen)
                value = tf.add_n(
                    [
                        term.weight
                        * self._network.cell_side(term.layer) ** 2
                        * tf.reduce_sum(response)
                        for term, response in zip(self._dream.layers, responses, strict=True)
                    ]
                )
            return tape.gradient(value, seen), *responses

        return graph

    def _responses(self, seen: tf.Tensor) -> list[tf.Tensor]:
        """How strongly each cell responds, for every term."""
        activations = self._activations(seen)
        if self._guides is None:
            return [tf.reduce_mean(tf.square(some), axis=-1) for some in activations]
        return [
            likeness(some, guide) for some, guide in zip(activations, self._guides, strict=True)
        ]

    def _activations(self, pictures: tf.Tensor) -> list[tf.Tensor]:
        """The activations that each term is about: (batch, rows, columns, filters)."""
        layers = {term.layer for term in self._dream.layers}
        below = self._network.below(pictures, layers)

        def of(term: Term) -> tf.Tensor:
            values = self._network.pre_activations(below[term.layer], term.layer)
            if term.filter >= 0:
                values = values[..., term.filter : term.filter + 1]
            return tf.nn.relu(values)

        return [of(term) for term in self._dream.layers]

    def _guide_features(self, guide: np.ndarray) -> list[tf.Tensor]:
        """What each term's layer finds in the guide: (cells, filters) float32."""
        picture = tf.constant(guide[np.newaxis, ..., ::-1].astype(np.float32))
        features = []
        for activations in self._activations(picture):
            cells = tf.reshape(activations, [-1, activations.shape[-1]])
            count = min(GUIDE_CELLS, cells.shape[0])
            chosen = np.linspace(0, cells.shape[0] - 1, count).round().astype(int)
            features.append(tf.gather(cells, chosen))
        return features


def likeness(activations: tf.Tensor, guide: tf.Tensor) -> tf.Tensor:
    """How well each cell matches that cell of the guide which it matches best.

    The match is the dot product of activations, over their number. Source: the guided dream of
    the notebook `deepdream/dream.ipynb` (A. Mordvintsev, C. Olah, M. Tyka, 2015).

    Args:
        activations: (1, rows, columns, filters) float32.
        guide: (cells, filters) float32.

    Returns:
        (1, rows, columns) float32.
    """

    def best(row: tf.Tensor) -> tf.Tensor:
        products = tf.matmul(row, guide, transpose_b=True)
        return tf.gather(guide, tf.argmax(products, axis=-1))

    # Row by row: all products of a window at once would be larger than everything else.
    matches = tf.map_fn(best, tf.stop_gradient(activations[0]), parallel_iterations=1)
    return tf.reduce_mean(activations * tf.stop_gradient(matches), axis=-1)


def resized(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A picture of another size, by bicubic interpolation that is linear in its values.

    Args:
        picture: (height, width, 3) float32, unbounded.
        shape: the new height and width.

    Returns:
        (*shape, 3) float32; the picture itself where it has this size.
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


def _random(seed: int, number: int) -> np.random.RandomState:
    """A stream of random numbers that NumPy keeps the same between versions (NEP 19)."""
    entropy = [seed, *b"dream", number]
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(entropy)))
