"""Floating-point operations, against a count by hand."""

import pytest

from filter_atlas.base.vgg16_spec import layers_up_to
from filter_atlas.measure import responses
from filter_atlas.networks import arithmetic
from filter_atlas.settings.recipe import Phase, Recipe, Transform

RECIPE = Recipe(
    schedule=(Phase(size=32, steps=2, step_size=1.0), Phase(size=64, steps=1, step_size=1.0))
)


def first_layer(side: int, filters: int = 1) -> int:
    return side * side * 27 * filters


def test_a_step_goes_forward_and_back_and_both_ends_forward() -> None:
    expected = 4 * (2 * first_layer(32) + first_layer(64)) + 2 * (first_layer(32) + first_layer(64))

    assert arithmetic.ascent("block1_conv1", RECIPE) == expected


def test_layers_below_count_with_all_filters_and_the_layer_with_one() -> None:
    one = RECIPE.model_copy(update={"schedule": (Phase(size=32, steps=1, step_size=1.0),)})
    per_pass = first_layer(32, 64) + 32 * 32 * 9 * 64

    assert arithmetic.ascent("block1_conv2", one) == (4 + 2 + 2) * per_pass


def test_padding_counts() -> None:
    plain = RECIPE.model_copy(update={"schedule": (Phase(size=32, steps=1, step_size=1.0),)})
    circular = plain.model_copy(update={"circular_padding": 4})
    padded = plain.model_copy(update={"transforms": (Transform(pad=4),)})

    expected = 4 * first_layer(40) + 4 * first_layer(32)
    assert (
        arithmetic.ascent("block1_conv1", circular)
        == arithmetic.ascent("block1_conv1", padded)
        == expected
    )
    assert arithmetic.ascent("block4_conv1", circular) == arithmetic.ascent("block4_conv1", plain)


def test_every_picture_of_a_filter_counts() -> None:
    several = RECIPE.model_copy(update={"pictures": 3})

    for count in (arithmetic.ascent, arithmetic.measures):
        assert count("block2_conv1", several) == 3 * count("block2_conv1", RECIPE)


def test_twins_count_the_visible_part_in_every_symmetry() -> None:
    assert arithmetic.twins("block1_conv1", 128, 90, 10) == 2 * 8 * first_layer(96, 10)
    assert arithmetic.twins("block1_conv1", 128, 45, 10) == 2 * 16 * first_layer(80, 10)


def test_measures_count_all_filters_once_and_the_own_filter_for_each_change() -> None:
    expected = 2 * (first_layer(64, 64) + 2 * first_layer(64))

    assert arithmetic.measures("block1_conv1", RECIPE) == expected
    assert len(responses._changes(64)) == arithmetic.CHANGES


def test_one_filter_of_block5_conv1_takes_4_6_billion_multiply_adds_at_128_pixels() -> None:
    *below, last = layers_up_to("block5_conv1")

    total = sum(arithmetic.multiply_adds(layer, 128) for layer in below)
    total += arithmetic.multiply_adds(last, 128, filters=1)

    by_hand = 9 * (
        128**2 * (3 * 64 + 64 * 64)
        + 64**2 * (64 * 128 + 128 * 128)
        + 32**2 * (128 * 256 + 2 * 256 * 256)
        + 16**2 * (256 * 512 + 2 * 512 * 512)
        + 8**2 * 512 * 1
    )
    assert total == by_hand
    assert total == pytest.approx(4.6e9, rel=0.01)
