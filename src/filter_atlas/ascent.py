"""Gradient ascent on pictures, until each shows what makes its filter fire.

Method: F. Chollet, "How convolutional neural networks see the world", The Keras Blog (2016);
coarse to fine as in A. Mordvintsev et al., "Inceptionism" (2015). The result of a filter does
not depend on which others share its batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from filter_atlas import network, objective, optimiser, parametrisation, regulariser
from filter_atlas import transform as transforms
from filter_atlas.lots import TOGETHER, Lots
from filter_atlas.network import Network
from filter_atlas.recipe import Phase, Recipe

RESTART_RATE = 2.0
"""What every restart multiplies the rate by."""


@dataclass(frozen=True)
class Start:
    """Where the ascent of one picture begins: the filter, the seed, and what tells it apart.

    `picture` counts the pictures of one filter, `attempt` its restarts.
    """

    filter: int
    seed: int
    picture: int = 0
    attempt: int = 0

    def random(self, layer: str) -> np.random.RandomState:
        """A stream of random numbers of its own for every start.

        NumPy keeps the streams of `SeedSequence`, `MT19937` and `RandomState` fixed between
        versions (NEP 19), so it is the same next year.
        """
        entropy = [self.seed, *layer.encode(), self.filter]
        if self.picture or self.attempt:
            entropy += [self.picture, self.attempt]
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(entropy)))


@dataclass(frozen=True)
class Ascended:
    """One picture's ascent.

    Attributes:
        picture: (size, size, 3) float32, **BGR**, as the network was fed it; unbounded.
        loss: the objective before each step.
        attempts: how many starts it took; the rest is of the last, or of the best of all where
            the filter stayed silent.
        start_activation: mean activation (after ReLU) at the start.
        final_activation: the same for `picture`.
        final_peak: greatest activation of any cell, for `picture`.
        final_pre_activation: mean pre-activation for `picture`.
    """

    picture: np.ndarray
    loss: tuple[float, ...]
    attempts: int
    start_activation: float
    final_activation: float
    final_peak: float
    final_pre_activation: float


class Sight(Protocol):
    """What a network makes of a batch of pictures, each seen by a unit of its own."""

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        """Pre-activations of each picture's own unit: (batch, height, width) float32."""


class Ascent(ABC):
    """The ascent of any units of one layer by one recipe, traced once and kept.

    What the units are is for a subclass to say: filters, or classes.

    Args:
        layer: name of the layer; every start derives from it.
        recipe: the recipe.
        lots: how the pictures of a batch are computed.
    """

    def __init__(self, layer: str, recipe: Recipe, lots: Lots = TOGETHER) -> None:
        self.layer = layer
        self.recipe = recipe
        self.parametrisation = parametrisation.of(recipe)
        self._lots = lots

    @abstractmethod
    def sight(self, units: tf.Tensor) -> Sight:
        """What the network makes of pictures, each seen by one of `units`, (batch,) int32."""

    @abstractmethod
    def objective(self, pictures: tf.Tensor, sight: Any) -> tf.Tensor:
        """The recipe's objective of each picture, as the transforms leave it: (batch,)."""

    def trace(self) -> None:
        """Build the graph now, which the first drawing would do otherwise."""
        self._graph.get_concrete_function()

    def draw(self, starts: Sequence[Start]) -> list[Ascended]:
        """Draw one picture per start, all in one batch; try again those that stay silent.

        The pictures of one filter, where the recipe asks for several, stand side by side.
        """
        drawn = self._attempt(starts)
        if self.recipe.negative:  # silence is what it is after
            return drawn
        for attempt in range(1, self.recipe.restarts + 1):
            silent = [place for place, one in enumerate(drawn) if not one.final_activation > 0]
            if self.recipe.diversity:
                silent = _whole_filters(silent, self.recipe.pictures)
            if not silent:
                break
            again = self._attempt([replace(starts[place], attempt=attempt) for place in silent])
            for place, one in zip(silent, again, strict=True):
                better = max(drawn[place], one, key=lambda one: one.final_pre_activation)
                chosen = one if one.final_activation > 0 else better
                drawn[place] = replace(chosen, attempts=attempt + 1)
        return drawn

    def _attempt(self, starts: Sequence[Start]) -> list[Ascended]:
        each = self.recipe.pictures if self.recipe.diversity else 1
        return self._lots.of(partial(self._run, self._graph), starts, each)

    def _run(self, graph: Any, starts: Sequence[Start]) -> list[Ascended]:
        streams = [start.random(self.layer) for start in starts]
        parameters = np.stack([self.parametrisation.start(stream) for stream in streams])
        maps = np.stack([transforms.draw(self.recipe, stream) for stream in streams], axis=1)
        filters = np.array([start.filter for start in starts], np.int32)
        boost = np.float32(RESTART_RATE ** starts[0].attempt)
        pictures, losses, first, last, peak, last_pre = (
            output.numpy() for output in graph(parameters, filters, maps, boost)
        )
        return [
            Ascended(
                picture=pictures[place],
                loss=tuple(map(float, losses[:, place])),
                attempts=1,
                start_activation=float(first[place]),
                final_activation=float(last[place]),
                final_peak=float(peak[place]),
                final_pre_activation=float(last_pre[place]),
            )
            for place in range(len(starts))
        ]

    @cached_property
    def _graph(self) -> Any:
        """The whole schedule as one graph.

        A function of the parameters at the start, the filters' indices, the transforms of every
        step, and what the rate is multiplied by.
        """
        recipe = self.recipe
        described = self.parametrisation
        start = described.start(np.random.RandomState(0))

        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, *start.shape], tf.float32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([recipe.steps, None, transforms.MAP], tf.float32),
                tf.TensorSpec([], tf.float32),
            ],
        )
        def graph(
            parameters: tf.Tensor, filters: tf.Tensor, maps: tf.Tensor, boost: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            sight = self.sight(filters)
            size, taken = recipe.schedule[0].size, 0
            first = sight.own(described.pictures(parameters, size))
            losses = []
            for phase in recipe.schedule:
                parameters = described.resize(parameters, size, phase.size)
                size = phase.size
                if phase.steps:
                    steps = maps[taken : taken + phase.steps]
                    parameters, phase_losses = self._climb(parameters, phase, sight, steps, boost)
                    losses.append(phase_losses)
                taken += phase.steps
            pictures = described.pictures(parameters, size)
            final = sight.own(pictures)
            return (
                pictures,
                tf.concat(losses, axis=0),
                objective.everywhere(tf.nn.relu(first)),
                objective.everywhere(tf.nn.relu(final)),
                tf.reduce_max(tf.nn.relu(final), axis=[1, 2]),
                objective.everywhere(final),
            )

        return graph

    def _climb(
        self,
        parameters: tf.Tensor,
        phase: Phase,
        sight: Sight,
        maps: tf.Tensor,
        boost: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Take a phase's steps; return the parameters and the loss before each step."""
        recipe = self.recipe

        def step(
            taken: tf.Tensor,
            parameters: tf.Tensor,
            state: optimiser.State,
            losses: tf.TensorArray,
        ) -> tuple[tf.Tensor, tf.Tensor, optimiser.State, tf.TensorArray]:
            loss, gradient = self._gradient(parameters, phase.size, sight, maps[taken])
            direction, state = optimiser.step(recipe.optimiser, gradient, state, taken)
            parameters += phase.rate * boost * direction
            if recipe.regularisers.blur:
                blurred = regulariser.blur(parameters, recipe.regularisers.blur)
                due = tf.equal((taken + 1) % recipe.regularisers.blur_every, 0)
                parameters = tf.where(due, blurred, parameters)
            return taken + 1, parameters, state, losses.write(taken, loss)

        _, parameters, _, losses = tf.while_loop(
            lambda taken, *_: taken < phase.steps,
            step,
            (
                0,
                parameters,
                optimiser.start(recipe.optimiser, parameters),
                tf.TensorArray(tf.float32, size=phase.steps, element_shape=[None]),
            ),
            maximum_iterations=phase.steps,
            parallel_iterations=1,
        )
        return parameters, losses.stack()

    def _gradient(
        self, parameters: tf.Tensor, size: int, sight: Sight, maps: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The objective of some parameters, and its gradient less what regularisers pull."""
        recipe = self.recipe
        with tf.GradientTape() as describing:
            describing.watch(parameters)
            pictures = self.parametrisation.pictures(parameters, size)
        with tf.GradientTape() as seeing:
            seeing.watch(pictures)
            shown = transforms.apply(recipe.transforms, pictures, size, maps)
            loss = self.objective(shown, sight)
        gradient = _normalised(seeing.gradient(loss, pictures), recipe.gradient_floor)
        pull = regulariser.pull(pictures, recipe)
        if pull is not None:
            gradient -= pull
        if recipe.parametrisation == "pixels":
            return loss, gradient
        gradient = describing.gradient(pictures, parameters, output_gradients=gradient)
        if recipe.optimiser == "rms":
            gradient = _normalised(gradient, recipe.gradient_floor)
        return loss, gradient


class LayerAscent(Ascent):
    """The ascent of any filters of one convolution by one recipe.

    Args:
        layer: name of the layer.
        recipe: the recipe.
        network: the network; shared by the ascents of all layers.
        lots: how the pictures of a batch are computed.
    """

    def __init__(self, layer: str, recipe: Recipe, network: Network, lots: Lots = TOGETHER) -> None:
        super().__init__(layer, recipe, lots)
        self.network = network

    def sight(self, units: tf.Tensor) -> network.Sight:
        """What the network makes of pictures, each seen by a filter of its own."""
        return self.network.sight(self.layer, units)

    def objective(self, pictures: tf.Tensor, sight: network.Sight) -> tf.Tensor:
        """The recipe's objective of each picture: (batch,)."""
        recipe = self.recipe
        layers = {self.layer, *(term.layer for term in recipe.also)}
        cells = {layer: self.network.cell_side(layer) for layer in layers}
        tiled = cells[self.layer] <= recipe.wrap and all(map(self.network.aligned, layers))
        wrap = recipe.wrap if tiled else 0
        seen = self.network.below(transforms.tiled(pictures, wrap), layers)
        own = sight.of_features(seen[self.layer])
        value = objective.evaluate(recipe, own, wrap // cells[self.layer], recipe.negative)
        for term in recipe.also:
            others = self.network.pre_activations(seen[term.layer], term.layer)
            if term.filter >= 0:
                others = others[..., term.filter : term.filter + 1]
            values = objective.evaluate(recipe, others, wrap // cells[term.layer])
            value += term.weight * tf.reduce_mean(values, axis=-1)
        if recipe.diversity:
            features = tf.cast(seen[self.layer], tf.float32)
            alike = objective.similarity(features, recipe.pictures)
            value = objective.diverse(value, alike, recipe)
        return value


def _normalised(gradient: tf.Tensor, floor: float) -> tf.Tensor:
    """A gradient divided by its root mean square, for each picture of the batch."""
    axes = list(range(1, gradient.shape.rank))
    root_mean_square = tf.sqrt(tf.reduce_mean(tf.square(gradient), axis=axes, keepdims=True))
    return gradient / (root_mean_square + floor)


def _whole_filters(places: Sequence[int], pictures: int) -> list[int]:
    """The places of all pictures of those filters of which one is among `places`."""
    filters = sorted({place // pictures for place in places})
    return [filter * pictures + picture for filter in filters for picture in range(pictures)]
