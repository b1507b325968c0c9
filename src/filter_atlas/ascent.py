"""Gradient ascent on pictures, until each shows what makes its filter fire.

Method: F. Chollet, "How convolutional neural networks see the world", The Keras Blog (2016);
coarse to fine as in A. Mordvintsev et al., "Inceptionism" (2015). The result of a filter does
not depend on which others share its batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas import network, objective
from filter_atlas.recipe import Phase, Recipe

GRADIENT_FLOOR = 1e-5
"""Added to the gradient's root mean square before dividing by it (the article's)."""


@dataclass(frozen=True)
class Start:
    """Where the ascent of one filter begins: which filter, and the seed of its noise."""

    filter: int
    seed: int


@dataclass(frozen=True)
class Ascended:
    """One filter's ascent.

    Attributes:
        picture: (size, size, 3) float32, **BGR**, as the network was fed it; unbounded.
        loss: the objective before each step.
        start_activation: mean activation (after ReLU) at the start.
        final_activation: the same for `picture`.
        final_pre_activation: mean pre-activation for `picture`.
    """

    picture: np.ndarray
    loss: tuple[float, ...]
    start_activation: float
    final_activation: float
    final_pre_activation: float


def starting_noise(recipe: Recipe, layer: str, start: Start) -> np.ndarray:
    """The noise from which a filter's picture grows.

    Uniform in [start_floor, start_floor + start_noise), independent for every pixel and channel,
    and different for every (seed, layer, filter). NumPy keeps the streams of `SeedSequence`,
    `MT19937` and `RandomState` fixed between versions (NEP 19), so it is the same next year.

    Returns:
        (size, size, 3) float32, size being the first phase's.
    """
    entropy = [start.seed, *layer.encode(), start.filter]
    random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(entropy)))
    size = recipe.schedule[0].size
    noise = random.random_sample((size, size, 3)) * recipe.start_noise + recipe.start_floor
    return noise.astype(np.float32)


class LayerAscent:
    """The ascent of any filters of one layer by one recipe, traced once and kept.

    Args:
        layer: Keras name of the layer.
        recipe: the recipe.
        weights: canonical weights as tensors (`<layer>/kernel` HWIO, `<layer>/bias`), float32;
            shared by the ascents of all layers, not copied.
    """

    def __init__(self, layer: str, recipe: Recipe, weights: Mapping[str, tf.Tensor]) -> None:
        self.layer = layer
        self.recipe = recipe
        self.weights = weights

    def draw(self, starts: Sequence[Start]) -> list[Ascended]:
        """Draw one picture per start, all in one batch."""
        noise = np.stack([starting_noise(self.recipe, self.layer, start) for start in starts])
        filters = np.array([start.filter for start in starts], np.int32)
        pictures, losses, first, last, last_pre = (
            output.numpy() for output in self._graph(noise, filters)
        )
        return [
            Ascended(
                picture=pictures[place],
                loss=tuple(map(float, losses[:, place])),
                start_activation=float(first[place]),
                final_activation=float(last[place]),
                final_pre_activation=float(last_pre[place]),
            )
            for place in range(len(starts))
        ]

    @cached_property
    def _graph(self) -> Any:
        """The whole schedule as one graph, a function of the noise and the filters' indices."""

        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, None, None, 3], tf.float32),
                tf.TensorSpec([None], tf.int32),
            ],
        )
        def graph(pictures: tf.Tensor, filters: tf.Tensor) -> tuple[tf.Tensor, ...]:
            kernels = tf.gather(self.weights[f"{self.layer}/kernel"], filters, axis=3)
            kernels = tf.transpose(kernels, [3, 0, 1, 2])
            biases = tf.gather(self.weights[f"{self.layer}/bias"], filters)

            def see(pictures: tf.Tensor) -> tf.Tensor:
                features = network.features_below(pictures, self.layer, self.weights)
                return network.own_pre_activations(features, kernels, biases)

            first = objective.mean_activation(see(pictures))
            losses = []
            for phase in self.recipe.schedule:
                pictures = _resize(pictures, phase.size)
                pictures, phase_losses = _climb(pictures, phase, self.recipe, see)
                losses.append(phase_losses)
            final = see(pictures)
            return (
                pictures,
                tf.concat(losses, axis=0),
                first,
                objective.mean_activation(final),
                objective.mean_pre_activation(final),
            )

        return graph


def _resize(pictures: tf.Tensor, size: int) -> tf.Tensor:
    resized = tf.image.resize(pictures, [size, size], method="bilinear")
    return tf.ensure_shape(resized, [None, size, size, 3])


def _climb(
    pictures: tf.Tensor,
    phase: Phase,
    recipe: Recipe,
    see: Callable[[tf.Tensor], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Take a phase's steps; return the pictures and the loss before each step."""

    def step(
        taken: tf.Tensor, pictures: tf.Tensor, losses: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            loss = objective.evaluate(recipe.objective, see(pictures))
        gradient = tape.gradient(loss, pictures)
        root_mean_square = tf.sqrt(
            tf.reduce_mean(tf.square(gradient), axis=[1, 2, 3], keepdims=True)
        )
        pictures += phase.rate * gradient / (root_mean_square + GRADIENT_FLOOR)
        return taken + 1, pictures, losses.write(taken, loss)

    _, pictures, losses = tf.while_loop(
        lambda taken, *_: taken < phase.steps,
        step,
        (0, pictures, tf.TensorArray(tf.float32, size=phase.steps)),
        maximum_iterations=phase.steps,
        parallel_iterations=1,
    )
    return pictures, losses.stack()
