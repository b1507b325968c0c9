"""All planted twins are found, and no others."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base.rotations import Symmetry
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.recipe import Phase, Recipe
from filter_atlas.twins.finder import FoundTwins, find_twins

LAYER = LAYERS[0]
RECIPE = Recipe(schedule=(Phase(size=64, steps=12, step_size=8.0),), contrast=0.2)
ROTATED = range(10, 14)
"""A kernel in four rotations."""
MIRRORED = (20, 21)
"""Mirror images of each other; all other filters are random."""
COLOURS = 24
"""From this index on, filters look for a colour, which no symmetry changes."""
FILTERS = range(32)


@pytest.fixture(scope="module")
def planted() -> dict[str, np.ndarray]:
    random = np.random.RandomState(1)
    kernel = random.normal(0, 0.3, LAYER.kernel_shape).astype(np.float32)
    # A kernel that does not sum to zero looks for a colour; these look for patterns.
    kernel[..., :COLOURS] -= kernel[..., :COLOURS].mean(axis=(0, 1))
    for place, filter in enumerate(ROTATED):
        kernel[..., filter] = np.rot90(kernel[..., ROTATED[0]], place)
    kernel[..., MIRRORED[1]] = kernel[:, ::-1, :, MIRRORED[0]]
    return {"block1_conv1/kernel": kernel, "block1_conv1/bias": np.zeros(64, np.float32)}


@pytest.fixture(scope="module")
def found(planted: dict[str, np.ndarray]) -> FoundTwins:
    vgg = Vgg16({name: tf.constant(tensor) for name, tensor in planted.items()})
    drawn = LayerAscent(LAYER.name, RECIPE, vgg).draw([Initialisation(one, 0) for one in FILTERS])
    pictures = [deprocess(one.picture, RECIPE.contrast) for one in drawn]
    return find_twins(LAYER.name, FILTERS, pictures, 90, 0.8, vgg)


def test_the_groups_are_the_planted_ones(found: FoundTwins) -> None:
    assert found.summary.groups == (tuple(ROTATED), MIRRORED)


def test_every_pair_is_found_with_its_symmetry(found: FoundTwins) -> None:
    pairs = {(pair.filter, pair.twin, pair.symmetry) for pair in found.pairs}

    # np.rot90 rotates counter-clockwise: filter 11 is filter 10 rotated by 90 degrees, so filter
    # 10's pattern is filter 11's picture rotated by 270.
    expected = {
        (one, other, Symmetry((one - other) * 90 % 360, False))
        for one in ROTATED
        for other in ROTATED
        if one < other
    }
    assert pairs == {*expected, (*MIRRORED, Symmetry(0, True))}


def test_twins_score_on_each_other_as_on_themselves(found: FoundTwins) -> None:
    assert min(pair.score for pair in found.pairs) > 0.9


def test_the_remaining_filters_are_counted(found: FoundTwins) -> None:
    assert found.summary.compared == len(FILTERS)
    assert found.summary.with_twin == 6
    assert found.summary.remaining == len(FILTERS) - 6 + 2
