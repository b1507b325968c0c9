"""Groups are filters that fire together, and their pictures are drawn along their directions."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.networks.receptive_field import UnknownField
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.recipe import Phase, Recipe
from filter_atlas.views.cells import from_text, strongest_filters
from filter_atlas.views.directions import DirectionResponse, draw_groups
from filter_atlas.views.groups import find_groups
from filter_atlas.views.places import COLOURS, colour_places
from filter_atlas.views.record import LayerCells
from filter_atlas.weights.vgg16_tensors import random

LAYER = "block1_conv2"


def planted() -> np.ndarray:
    """Activations of two groups: filters 0 to 2 at the left, 3 and 4 at the right, half as much."""
    values = np.zeros((6, 8, 5), np.float32)
    values[:, :4, :3] = [4.0, 2.0, 1.0]
    values[:, 4:, 3:] = [0.5, 1.0]
    return values


def layer_of(activations: np.ndarray, usual: float, count: int) -> LayerCells:
    filters = [3, 5, 7, 20, 30]
    found = strongest_filters(activations, filters, [usual] * 5)
    groups = find_groups(found.every, count)
    return LayerCells.from_filters((6, 8), found, UnknownField("-"), filters, groups)


@pytest.fixture(scope="module")
def network() -> Vgg16:
    return Vgg16({name: tf.constant(value) for name, value in random().items()})


def test_planted_groups_are_found_with_their_filters_and_their_places() -> None:
    layer = layer_of(planted(), 4.0, 2)

    first, second = layer.groups
    assert [index for index, *_ in first.filters] == [3, 5, 7]
    assert [weight for _, weight, _ in first.filters] == pytest.approx([1, 0.5, 0.25], abs=0.01)
    assert [index for index, *_ in second.filters] == [30, 20]
    assert (first.strength, second.strength) == pytest.approx((1.0, 0.25), abs=0.01)
    left = from_text(first.map, layer.shown)
    assert (left[:, :4] > 0.95).all()
    assert (left[:, 4:] < 0.05).all()
    assert layer.explained == pytest.approx(1, abs=1e-3)


def test_a_direction_takes_back_the_comparison_of_filters() -> None:
    activations = planted()[..., :2] * 1.0
    found = strongest_filters(activations, [0, 1], [4.0, 0.5])
    layer = LayerCells.from_filters(
        (6, 8), found, UnknownField("-"), [0, 1], find_groups(found.every, 1)
    )

    # Shares 1 and 4, so weights 1/4 and 1; over the strengths 4 and 0.5.
    [group] = layer.groups
    assert [index for index, *_ in group.filters] == [1, 0]
    assert [weight for _, weight, _ in group.filters] == pytest.approx([1, 0.25], abs=1e-3)
    assert [weight for *_, weight in group.filters] == pytest.approx([1, 1 / 32], abs=1e-3)


def test_silence_has_no_groups_and_few_filters_few() -> None:
    assert layer_of(np.zeros((6, 8, 5), np.float32), 1.0, 4).groups == ()
    assert len(layer_of(planted(), 1.0, 8).groups) <= 5


def test_groups_are_the_same_in_every_run() -> None:
    shares = np.random.RandomState(0).uniform(0, 1, (14, 14, 40)).astype(np.float32)

    one, other = (find_groups(shares, 4) for _ in range(2))

    np.testing.assert_array_equal(one.filters, other.filters)
    np.testing.assert_array_equal(one.places, other.places)


def test_a_direction_responds_with_the_weighted_sum(network: Vgg16) -> None:
    pictures = tf.random.stateless_uniform((2, 32, 32, 3), (0, 1), 0, 255)
    weights = np.random.RandomState(0).uniform(0, 1, (2, 64)).astype(np.float32)

    found = DirectionResponse(network, LAYER, tf.constant(weights)).pre_activations(pictures)

    features = network.input_features(pictures, [LAYER])[LAYER]
    values = network.pre_activations(features, LAYER).numpy()
    expected = (values * weights[:, np.newaxis, np.newaxis]).sum(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_the_picture_of_a_group_fires_it_more_than_noise_does(network: Vgg16) -> None:
    recipe = Recipe(
        schedule=(Phase(size=32, steps=12, step_size=8.0),), circular_padding=4, contrast=0.15
    )
    groups = layer_of(planted(), 4.0, 2).groups

    drawn = draw_groups(LAYER, groups, 64, recipe, network, 0, MicroBatcher(1))

    assert [picture.shape for picture in drawn] == [(32, 32, 3)] * 2
    weights = np.zeros((2, 64), np.float32)
    for place, group in enumerate(groups):
        for index, _, weight in group.filters:
            weights[place, index] = weight
    noise = np.random.RandomState(0).normal(128, 38, (2, 32, 32, 3)).clip(0, 255).astype(np.uint8)
    response = DirectionResponse(network, LAYER, tf.constant(weights))

    def mean(pictures: np.ndarray) -> np.ndarray:
        bgr = tf.constant(pictures[..., ::-1].astype(np.float32))
        values: np.ndarray = tf.reduce_mean(tf.nn.relu(response.pre_activations(bgr)), [1, 2])
        return np.asarray(values)

    assert (mean(np.stack(drawn)) > 1.5 * mean(noise)).all()
    [grey] = draw_groups(LAYER, (), 64, recipe, network, 0, MicroBatcher(1))
    assert (grey == 128).all()


def test_places_have_the_colour_of_their_group_and_grey_where_there_is_none() -> None:
    activations = planted()
    activations[:, 4:] = 0
    square = np.full((48, 48, 3), (90, 120, 40), np.uint8)

    shown = colour_places(square, layer_of(activations, 4.0, 1)).astype(int)

    grey = shown[24, -1]
    assert grey.min() == grey.max()
    towards = np.array(COLOURS[0]) - grey
    assert (np.sign(shown[24, 4] - grey) == np.sign(towards)).all()
    assert np.abs(shown[24, 4] - (0.2 * grey + 0.8 * np.array(COLOURS[0]))).max() < 3
