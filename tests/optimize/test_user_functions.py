"""Objectives and transforms as functions; tests/test_notebook.py draws with them."""

import pytest
import tensorflow as tf

from filter_atlas.base.errors import ConfigError
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.user_functions import NO_FUNCTIONS, UserFunctions
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe, Term, Transform
from filter_atlas.weights.vgg16_tensors import Tensors

RECIPE = Recipe(
    schedule=(Phase(size=32, steps=1, step_size=1.0),),
    reduction="centre",
    circular_padding=4,
    negative=True,
    extra_terms=(Term(layer="block1_conv2"),),
    transforms=(Transform(roll=4),),
    restarts=3,
)


def quiet(responses: tf.Tensor) -> tf.Tensor:
    return -responses


def second_layer(responses: tf.Tensor, layers: object) -> tf.Tensor:
    return layers("block1_conv2")  # type: ignore[operator]


def test_an_objective_replaces_parts_of_a_recipe_and_a_transform_replaces_nothing() -> None:
    adapted = UserFunctions(quiet).adapt(RECIPE)

    assert (adapted.negative, adapted.extra_terms, adapted.restarts) == (False, (), 0)
    assert (adapted.circular_padding, adapted.transforms) == (4, (Transform(roll=4),))
    assert UserFunctions(transforms=(quiet,)).adapt(RECIPE) == RECIPE


def test_without_functions_the_description_is_the_recipe() -> None:
    for recipe in (RECIPE, *PRESETS.values()):
        assert NO_FUNCTIONS.describe(recipe) == recipe.model_dump(mode="json")


def test_a_description_with_a_function_is_not_a_recipe() -> None:
    described = UserFunctions(quiet, (quiet,)).describe(RECIPE)

    assert described["transforms"][0] == {"roll": 4}
    assert described["transforms"][1] == described["objective"]
    with pytest.raises(ValueError, match="objective"):
        Recipe.model_validate(described)


def test_an_error_of_a_graph_names_the_functions_if_there_are_any() -> None:
    message = "Graph execution error:\n\nbad shape\n\t [[node]]"
    error = tf.errors.InvalidArgumentError(None, None, message)
    functions = UserFunctions(quiet)

    with pytest.raises(ConfigError, match="quiet failed: bad shape"), functions.named_in_errors():
        raise error
    with pytest.raises(tf.errors.InvalidArgumentError), NO_FUNCTIONS.named_in_errors():
        raise error


def test_a_layer_that_does_not_suit_circular_padding_is_refused(
    imagenet_tensors: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Vgg16({name: tf.constant(tensor) for name, tensor in imagenet_tensors.items()})
    monkeypatch.setattr(network, "is_stride_aligned", lambda layer: layer == "block1_conv1")
    functions = UserFunctions(second_layer)
    recipe = functions.adapt(RECIPE)

    with pytest.raises(ConfigError, match=r"block1_conv2 are not aligned .*circular_padding: 0"):
        LayerAscent("block1_conv1", recipe, network, functions=functions).draw(
            [Initialisation(filter=0, seed=0)]
        )
