"""Families: filters that are fed alike are found, and their number."""

import numpy as np
import pytest

from filter_atlas.circuits.clusters import find_families
from filter_atlas.circuits.families import SUBSTANTIAL


def fed_by(groups: int, size: int, noise: float) -> np.ndarray:
    """Contributions to filters in planted groups, with different strengths."""
    random = np.random.RandomState(0)
    centres = random.normal(size=(groups, 40))
    rows = np.repeat(centres, size, axis=0) + noise * random.normal(size=(groups * size, 40))
    strengths: np.ndarray = random.uniform(0.1, 100, (groups * size, 1))
    found: np.ndarray = (rows * strengths).astype(np.float32)
    return found


@pytest.mark.parametrize("groups", [2, 5, 9])
def test_planted_groups_and_their_number_are_found_at_any_strength(groups: int) -> None:
    found = find_families(range(100, 100 + 6 * groups), fed_by(groups, 6, 0.2))

    planted = [set(range(100 + 6 * one, 106 + 6 * one)) for one in range(groups)]
    assert sorted(sorted(one.filters) for one in found.families) == sorted(map(sorted, planted))
    assert found.silhouette
    assert found.silhouette > SUBSTANTIAL
    assert all(one.medoid == one.filters[0] for one in found.families)


def test_filters_without_structure_have_a_silhouette_that_says_so() -> None:
    found = find_families(range(60), np.random.RandomState(0).normal(size=(60, 40)))

    assert found.silhouette is not None
    assert found.silhouette < SUBSTANTIAL


def test_filters_that_nothing_feeds_are_left_out_and_few_are_not_grouped() -> None:
    contributions = fed_by(2, 6, 0.1)
    contributions[3] = 0

    found = find_families(range(12), contributions)
    few = find_families(range(7), contributions[:7])

    assert found.left_out == (3,)
    assert 3 not in [index for one in found.families for index in one.filters]
    assert few.families == ()
    assert few.refusal
