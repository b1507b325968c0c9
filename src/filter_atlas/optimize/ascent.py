"""Gradient ascent: from noise to a picture that activates a filter strongly.

Method: F. Chollet, "How convolutional neural networks see the world", The Keras Blog (2016);
coarse to fine as in A. Mordvintsev et al., "Inceptionism" (2015). The result of a filter does
not depend on the other filters of its batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import attrgetter
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas.base.errors import ConfigError, WorkerError
from filter_atlas.base.random_streams import random_stream
from filter_atlas.networks.base import FilterResponse, Network, UnitResponse
from filter_atlas.optimize import objectives, optimisers, parametrisations, regularisers, transforms
from filter_atlas.optimize.deprocess import with_contrast
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher
from filter_atlas.optimize.user_functions import NO_FUNCTIONS, UserFunctions
from filter_atlas.settings.recipe import Phase, Recipe

RESTART_MULTIPLIER = 2.0
"""Factor by which the step size grows at every restart."""


@dataclass(frozen=True)
class Initialisation:
    """The start of one picture's ascent: all numbers that its noise depends on.

    Attributes:
        filter: index of the filter.
        seed: the run's seed.
        picture: number of the picture among those of its filter.
        attempt: number of the restart; 0 is the first start.
    """

    filter: int
    seed: int
    picture: int = 0
    attempt: int = 0

    def random(self, layer: str) -> np.random.RandomState:
        """The random stream of this start, which no other start shares."""
        entropy = [self.seed, *layer.encode(), self.filter]
        if self.picture or self.attempt:
            entropy += [self.picture, self.attempt]
        return random_stream(entropy)


@dataclass(frozen=True)
class AscentResult:
    """The result of one picture's ascent.

    If the filter stayed silent after every start, all values except `attempts` are those of the
    best start.

    Attributes:
        picture: (size, size, 3) float32, **BGR**, the result of the last step.
        loss: the objective before each step.
        attempts: number of starts.
        start_activation: mean activation (after ReLU) of the noise.
        final_activation: mean activation on the finished picture: `picture` with the recipe's
            contrast, before it becomes 8 bits. By a recipe of the article, on `picture` itself.
        final_peak: greatest activation of any cell on the finished picture.
        final_pre_activation: mean pre-activation on the finished picture.
    """

    picture: np.ndarray
    loss: tuple[float, ...]
    attempts: int
    start_activation: float
    final_activation: float
    final_peak: float
    final_pre_activation: float


def check_finite(results: Iterable[AscentResult], subject: str) -> None:
    """Check that pictures are finite.

    Args:
        results: the results.
        subject: what was drawn, as an error message names it.

    Raises:
        WorkerError: a picture has a number that is not finite.
    """
    if not all(np.isfinite(result.picture).all() for result in results):
        raise WorkerError(
            f"{subject}: the ascent ran out of bounds (infinite or not a number); lower the "
            "recipe's step_size"
        )


class Ascent(ABC):
    """The ascent of units of one layer by one recipe. Its graph is traced once and kept.

    A subclass defines what a unit is: a filter, or a class.

    Args:
        layer: name of the layer; every random stream derives from it.
        recipe: the recipe.
        microbatcher: divides the pictures of a batch.
    """

    def __init__(
        self, layer: str, recipe: Recipe, microbatcher: MicroBatcher = WHOLE_BATCH
    ) -> None:
        self.layer = layer
        self.recipe = recipe
        self.parametrisation = parametrisations.build_parametrisation(recipe)
        self._microbatcher = microbatcher

    @abstractmethod
    def unit_response(self, units: tf.Tensor) -> UnitResponse:
        """The network's response to pictures, one unit per picture; `units`: (batch,) int32."""

    @abstractmethod
    def objective(self, pictures: tf.Tensor, response: Any) -> tf.Tensor:
        """The recipe's objective of each transformed picture: (batch,).

        Args:
            pictures: (batch, height, width, 3) float32.
            response: from `unit_response`.
        """

    def draw(self, starts: Sequence[Initialisation]) -> list[AscentResult]:
        """Draw one picture per start, all in one batch, and restart those that stay silent.

        If the recipe has several pictures per filter, the starts of one filter are neighbours.
        """
        results = self._attempt(starts)
        if self.recipe.negative:  # silence is the aim
            return results
        for attempt in range(1, self.recipe.restarts + 1):
            silent = [
                index for index, result in enumerate(results) if not result.final_activation > 0
            ]
            if self.recipe.diversity:
                silent = _with_whole_filters(silent, self.recipe.pictures)
            if not silent:
                break
            retried = self._attempt([replace(starts[index], attempt=attempt) for index in silent])
            for index, result in zip(silent, retried, strict=True):
                better = max(results[index], result, key=attrgetter("final_pre_activation"))
                chosen = result if result.final_activation > 0 else better
                results[index] = replace(chosen, attempts=attempt + 1)
        return results

    def _attempt(self, starts: Sequence[Initialisation]) -> list[AscentResult]:
        group_size = self.recipe.pictures if self.recipe.diversity else 1
        places = [start.filter + start.picture for start in starts[::group_size]]
        return self._microbatcher.map(partial(self._run, self._graph), starts, group_size, places)

    def _run(self, graph: Any, starts: Sequence[Initialisation]) -> list[AscentResult]:
        streams = [start.random(self.layer) for start in starts]
        parameters = np.stack([self.parametrisation.start(stream) for stream in streams])
        transform_parameters = np.stack(
            [transforms.draw_parameters(self.recipe, stream) for stream in streams], axis=1
        )
        units = np.array([start.filter for start in starts], np.int32)
        rate_multiplier = np.float32(RESTART_MULTIPLIER ** starts[0].attempt)
        outputs = graph(parameters, units, transform_parameters, rate_multiplier)
        pictures, losses, start_means, means, peaks, pre_activations = (
            output.numpy() for output in outputs
        )
        return [
            AscentResult(
                picture=pictures[index],
                loss=tuple(map(float, losses[:, index])),
                attempts=1,
                start_activation=float(start_means[index]),
                final_activation=float(means[index]),
                final_peak=float(peaks[index]),
                final_pre_activation=float(pre_activations[index]),
            )
            for index in range(len(starts))
        ]

    @cached_property
    def _graph(self) -> Any:
        """The whole schedule as one graph.

        A function of the initial parameters, the units' indices, the parameters of the transforms
        of every step, and the multiplier of the step size.
        """
        recipe = self.recipe
        parametrisation = self.parametrisation
        example = parametrisation.start(np.random.RandomState(0))

        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False,
            input_signature=[
                tf.TensorSpec([None, *example.shape], tf.float32),
                tf.TensorSpec([None], tf.int32),
                tf.TensorSpec([recipe.steps, None, transforms.PARAMETERS], tf.float32),
                tf.TensorSpec([], tf.float32),
            ],
        )
        def graph(
            parameters: tf.Tensor,
            units: tf.Tensor,
            transform_parameters: tf.Tensor,
            rate_multiplier: tf.Tensor,
        ) -> tuple[tf.Tensor, ...]:
            response = self.unit_response(units)
            size, steps_taken = recipe.schedule[0].size, 0
            initial = response.pre_activations(parametrisation.pictures(parameters, size))
            losses = []
            for phase in recipe.schedule:
                parameters = parametrisation.resize(parameters, size, phase.size)
                size = phase.size
                if phase.steps:
                    next_steps = slice(steps_taken, steps_taken + phase.steps)
                    parameters, phase_losses = self._run_phase(
                        parameters,
                        phase,
                        response,
                        transform_parameters[next_steps],
                        rate_multiplier,
                    )
                    losses.append(phase_losses)
                steps_taken += phase.steps
            pictures = parametrisation.pictures(parameters, size)
            finished = with_contrast(pictures, recipe.contrast) if recipe.as_trained else pictures
            final = response.pre_activations(finished)
            return (
                pictures,
                tf.concat(losses, axis=0),
                objectives.spatial_mean(tf.nn.relu(initial)),
                objectives.spatial_mean(tf.nn.relu(final)),
                tf.reduce_max(tf.nn.relu(final), axis=[1, 2]),
                objectives.spatial_mean(final),
            )

        return graph

    def _run_phase(
        self,
        parameters: tf.Tensor,
        phase: Phase,
        response: UnitResponse,
        transform_parameters: tf.Tensor,
        rate_multiplier: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Take the steps of a phase; return the parameters and the loss before each step."""
        recipe = self.recipe

        def step(
            steps_taken: tf.Tensor,
            parameters: tf.Tensor,
            state: optimisers.State,
            losses: tf.TensorArray,
        ) -> tuple[tf.Tensor, tf.Tensor, optimisers.State, tf.TensorArray]:
            loss, gradient = self._gradient(
                parameters, phase.size, response, transform_parameters[steps_taken]
            )
            direction, state = optimisers.step(recipe.optimiser, gradient, state, steps_taken)
            parameters += phase.step_size * rate_multiplier * direction
            parameters = self.parametrisation.bounded(parameters)
            if recipe.regularisers.blur:
                blurred = regularisers.blur(parameters, recipe.regularisers.blur)
                due = tf.equal((steps_taken + 1) % recipe.regularisers.blur_every, 0)
                parameters = tf.where(due, blurred, parameters)
            return steps_taken + 1, parameters, state, losses.write(steps_taken, loss)

        _, parameters, _, losses = tf.while_loop(
            lambda steps_taken, *_: steps_taken < phase.steps,
            step,
            (
                0,
                parameters,
                optimisers.start(recipe.optimiser, parameters),
                tf.TensorArray(tf.float32, size=phase.steps, element_shape=[None]),
            ),
            maximum_iterations=phase.steps,
            parallel_iterations=1,
        )
        return parameters, losses.stack()

    def _gradient(
        self,
        parameters: tf.Tensor,
        size: int,
        response: UnitResponse,
        transform_parameters: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The objective, and its gradient less the gradients of the regularisers' penalties."""
        recipe = self.recipe
        with tf.GradientTape() as parameters_tape:
            parameters_tape.watch(parameters)
            pictures = self.parametrisation.pictures(parameters, size)
        with tf.GradientTape() as pictures_tape:
            pictures_tape.watch(pictures)
            transformed = transforms.apply(recipe.transforms, pictures, size, transform_parameters)
            loss = self.objective(transformed, response)
        gradient = pictures_tape.gradient(loss, pictures)
        if gradient is None:
            raise ConfigError(
                "the objective has no gradient: use only differentiable TensorFlow operations in "
                "it and in every transform"
            )
        gradient = _normalised(gradient, recipe.gradient_floor)
        penalty_gradient = regularisers.penalty_gradient(pictures, recipe)
        if penalty_gradient is not None:
            gradient -= penalty_gradient
        if recipe.parametrisation == "pixels":
            return loss, gradient
        gradient = parameters_tape.gradient(pictures, parameters, output_gradients=gradient)
        if recipe.optimiser == "rms":
            gradient = _normalised(gradient, recipe.gradient_floor)
        return loss, gradient


class LayerAscent(Ascent):
    """The ascent of filters of one convolution by one recipe.

    Args:
        layer: name of the layer.
        recipe: the recipe.
        network: the network; the ascents of all layers share it.
        microbatcher: divides the pictures of a batch.
        functions: an objective and transforms of the user's own.
    """

    def __init__(
        self,
        layer: str,
        recipe: Recipe,
        network: Network,
        microbatcher: MicroBatcher = WHOLE_BATCH,
        functions: UserFunctions = NO_FUNCTIONS,
    ) -> None:
        super().__init__(layer, recipe, microbatcher)
        self.network = network.fed(recipe.as_trained)
        self.functions = functions

    def unit_response(self, units: tf.Tensor) -> FilterResponse:
        """The network's response to pictures, one filter per picture."""
        return self.network.unit_response(self.layer, units)

    def objective(self, pictures: tf.Tensor, response: FilterResponse) -> tf.Tensor:
        """The recipe's or the user's objective of each transformed picture: (batch,)."""
        recipe = self.recipe
        pictures = self.functions.transform(pictures)
        layers = {self.layer, *(term.layer for term in recipe.extra_terms)}
        strides = {layer: self.network.stride(layer) for layer in layers}
        padded = strides[self.layer] <= recipe.circular_padding and all(
            map(self.network.is_stride_aligned, layers)
        )
        padding = recipe.circular_padding if padded else 0
        borders = {layer: padding // stride for layer, stride in strides.items()}
        pictures = transforms.pad_circularly(pictures, padding)
        features = self.network.input_features(pictures, layers)
        pre_activations = response.from_features(features[self.layer])
        pre_activations = objectives.without_border(pre_activations, borders[self.layer])
        if self.functions.objective:
            layers_responses = partial(self._responses, pictures, padding)
            value = self.functions.evaluate(pre_activations, layers_responses)
        else:
            value = objectives.evaluate(recipe, pre_activations, recipe.negative)
        for term in recipe.extra_terms:
            others = self.network.pre_activations(features[term.layer], term.layer)
            if term.filter >= 0:
                others = others[..., term.filter : term.filter + 1]
            others = objectives.without_border(others, borders[term.layer])
            values = objectives.evaluate(recipe, others)
            value += term.weight * tf.reduce_mean(values, axis=-1)
        if recipe.diversity:
            layer_features = tf.cast(features[self.layer], tf.float32)
            similarities = objectives.similarity(layer_features, recipe.pictures)
            value = objectives.with_diversity(value, similarities, recipe)
        return value

    def _responses(self, pictures: tf.Tensor, padding: int, layer: str) -> tf.Tensor:
        """The pre-activations of a layer, without the cells of the circular padding."""
        if padding and not self.network.is_stride_aligned(layer):
            raise ConfigError(
                f"the cells of {layer} are not aligned with the picture: set circular_padding: 0"
            )
        features = self.network.input_features(pictures, [layer])[layer]
        responses = self.network.pre_activations(features, layer)
        return objectives.without_border(responses, padding // self.network.stride(layer))


def _normalised(gradient: tf.Tensor, floor: float) -> tf.Tensor:
    """A gradient divided by its root mean square, for each picture of the batch."""
    axes = list(range(1, gradient.shape.rank))
    root_mean_square = tf.sqrt(tf.reduce_mean(tf.square(gradient), axis=axes, keepdims=True))
    return gradient / (root_mean_square + floor)


def _with_whole_filters(indices: Sequence[int], pictures: int) -> list[int]:
    """The indices of all pictures of each filter that has a picture among `indices`."""
    filters = sorted({index // pictures for index in indices})
    return [filter * pictures + picture for filter in filters for picture in range(pictures)]
