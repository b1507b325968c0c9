"""Objectives and transforms that a user gives as Python functions, as in a notebook.

Settings accept only data, no functions. A picture drawn with a function is not the recipe's
picture, so its record and its PNG name the function in the description of the recipe.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.errors import ConfigError
from filter_atlas.settings.recipe import Recipe

UserFunction = Callable[..., Any]
"""A function of TensorFlow operations. It is traced once for each phase of the recipe."""

LayerResponses = Callable[[str], tf.Tensor]
"""From the name of a layer to its pre-activations: (batch, height, width, filters) float32."""

PER_PICTURE = "return one value per picture, such as tf.reduce_mean(responses, axis=[1, 2])"


@dataclass(frozen=True)
class UserFunctions:
    """Functions: an objective that replaces a recipe's, and transforms that follow a recipe's.

    Attributes:
        objective: replaces the recipe's `objective`, `reduction`, `negative`, `extra_terms` and
            `restarts`; None keeps these. It takes the responses of each picture's own filter. If it
            has a second parameter, it also takes a `LayerResponses`, as Lucid's objectives do.
            Responses are pre-activations, (batch, height, width) float32. It returns the values to
            maximise: (batch,), or (batch, ...), which is averaged.
        transforms: each takes pictures and returns what the network sees instead. Pictures are
            (batch, height, width, 3) float32, BGR, in grey levels; values can lie outside of 0 to
            255. Height and width can change.

    Raises:
        ConfigError: one of them is not a function.
    """

    objective: UserFunction | None = None
    transforms: tuple[UserFunction, ...] = ()

    def __post_init__(self) -> None:
        for function in (self.objective, *self.transforms):
            if function is not None and not callable(function):
                raise ConfigError(f"{function!r} is not a function: name it in a recipe instead")

    def adapt(self, recipe: Recipe) -> Recipe:
        """The recipe without the parts that the objective replaces.

        There are no restarts, because the objective may aim at silence.
        """
        if not self.objective:
            return recipe
        return recipe.model_copy(update={"negative": False, "extra_terms": (), "restarts": 0})

    def describe(self, recipe: Recipe) -> dict[str, Any]:
        """How a picture was drawn, as JSON values: the recipe with the names of the functions."""
        described = recipe.model_dump(mode="json")
        if self.objective:
            described |= {"objective": _described(self.objective), "reduction": None}
        described["transforms"] += map(_described, self.transforms)
        return described

    def transform(self, pictures: tf.Tensor) -> tf.Tensor:
        """Apply the transforms, in a graph.

        Args:
            pictures: (batch, height, width, 3) float32.

        Returns:
            (batch, other height, other width, 3) float32.

        Raises:
            ConfigError: a function fails, or does not return pictures.
        """
        for function in self.transforms:
            transformed = _call(function, pictures)
            if not transformed.shape.is_compatible_with([None, None, None, 3]):
                raise ConfigError(
                    f"{_name(function)} returned the shape {transformed.shape}: return pictures, "
                    "(batch, height, width, 3)"
                )
            pictures = tf.ensure_shape(transformed, [None, None, None, 3])
        return pictures

    def evaluate(self, responses: tf.Tensor, layers: LayerResponses) -> tf.Tensor:
        """The objective of each picture, in a graph.

        Args:
            responses: (batch, height, width) float32, of each picture's own filter.
            layers: returns the responses of any layer.

        Returns:
            (batch,) float32.

        Raises:
            ConfigError: the function fails, or does not return a value for each picture.
        """
        assert self.objective
        arguments = [responses, layers] if _takes_two(self.objective) else [responses]
        values = _call(self.objective, *arguments)
        # The number of pictures is unknown while tracing, so a known first axis is another axis.
        if not values.shape.rank or values.shape[0] is not None:
            shape = values.shape
            raise ConfigError(f"{_name(self.objective)} returned the shape {shape}: {PER_PICTURE}")
        counted = tf.debugging.assert_equal(
            tf.shape(values)[0], tf.shape(responses)[0], message=PER_PICTURE
        )
        with tf.control_dependencies([counted]):
            return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """Convert an error of TensorFlow in a graph with functions to one line.

        Raises:
            ConfigError: instead of TensorFlow's error; it names the functions.
        """
        try:
            yield
        except tf.errors.InvalidArgumentError as error:
            functions = [function for function in (self.objective, *self.transforms) if function]
            if not functions:
                raise
            reason = [line for line in str(error).splitlines() if line[:1].strip()][-1]
            raise ConfigError(f"{' or '.join(map(_name, functions))} failed: {reason}") from error


NO_FUNCTIONS = UserFunctions()
"""The recipe's own objective and transforms."""


def _call(function: UserFunction, *arguments: Any) -> tf.Tensor:
    try:
        return tf.convert_to_tensor(function(*arguments), tf.float32)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ConfigError(f"{_name(function)} failed: {reason}") from error


def _takes_two(function: UserFunction) -> bool:
    """Whether a function has a second parameter that must be given."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # not every built-in function has a signature
        return False
    return len(parameters) > 1 and parameters[1].default is inspect.Parameter.empty


def _name(function: UserFunction) -> str:
    return f"function {getattr(function, '__name__', type(function).__name__)}"


def _described(function: UserFunction) -> str:
    """A function's name, and the digest of its source if that is available."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return _name(function)
    return f"{_name(function)} (sha256 of its source: {bytes_digest(source.encode())})"
