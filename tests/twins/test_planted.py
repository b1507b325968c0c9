"""Twins that were planted are found, all of them, and none beside them."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.ascent import LayerAscent, Start
from filter_atlas.network import Vgg16
from filter_atlas.picture import deprocess
from filter_atlas.recipe import Phase, Recipe
from filter_atlas.twins.find import Found, compare
from filter_atlas.twins.turn import Turn
from filter_atlas.vgg16 import LAYERS

LAYER = LAYERS[0]
RECIPE = Recipe(schedule=(Phase(size=64, steps=12, rate=8.0),), contrast=0.2)
TURNED = range(10, 14)
"""A kernel in four rotations."""
MIRRORED = (20, 21)
"""Mirror images of each other; all other filters are by chance."""
COLOURS = 24
"""From here on filters look for a colour, which is the same in every turn."""
FILTERS = range(32)


@pytest.fixture(scope="module")
def planted() -> dict[str, np.ndarray]:
    random = np.random.RandomState(1)
    kernel = random.normal(0, 0.3, LAYER.kernel_shape).astype(np.float32)
    # A kernel that does not sum to zero looks for a colour; these look for patterns.
    kernel[..., :COLOURS] -= kernel[..., :COLOURS].mean(axis=(0, 1))
    for place, filter in enumerate(TURNED):
        kernel[..., filter] = np.rot90(kernel[..., TURNED[0]], place)
    kernel[..., MIRRORED[1]] = kernel[:, ::-1, :, MIRRORED[0]]
    return {"block1_conv1/kernel": kernel, "block1_conv1/bias": np.zeros(64, np.float32)}


@pytest.fixture(scope="module")
def found(planted: dict[str, np.ndarray]) -> Found:
    vgg = Vgg16({name: tf.constant(tensor) for name, tensor in planted.items()})
    drawn = LayerAscent(LAYER.name, RECIPE, vgg).draw([Start(one, 0) for one in FILTERS])
    pictures = [deprocess(one.picture, RECIPE.contrast) for one in drawn]
    return compare(LAYER.name, FILTERS, pictures, 90, 0.8, vgg)


def test_the_groups_are_the_planted_ones(found: Found) -> None:
    assert found.summary.groups == (tuple(TURNED), MIRRORED)


def test_every_pair_is_found_in_the_turn_it_was_planted_in(found: Found) -> None:
    pairs = {(pair.filter, pair.twin, pair.turn) for pair in found.pairs}

    # np.rot90 turns counter-clockwise: filter 11 is filter 10 turned by 90 degrees, so filter
    # 10's pattern is filter 11's picture turned by 270.
    expected = {
        (one, other, Turn((one - other) * 90 % 360, False))
        for one in TURNED
        for other in TURNED
        if one < other
    }
    assert pairs == {*expected, (*MIRRORED, Turn(0, True))}


def test_twins_answer_to_each_other_as_to_themselves(found: Found) -> None:
    assert min(pair.score for pair in found.pairs) > 0.9


def test_what_would_remain_is_counted(found: Found) -> None:
    assert found.summary.compared == len(FILTERS)
    assert found.summary.with_twin == 6
    assert found.summary.remaining == len(FILTERS) - 6 + 2
