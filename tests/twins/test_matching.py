"""Which filters are twins, decided from scores alone."""

import numpy as np
import pytest

from filter_atlas.base.rotations import IDENTITY, Symmetry, symmetries
from filter_atlas.twins.matching import Twins, groups, scores, twins

SYMMETRIES = symmetries(90)
QUARTER, BACK, MIRROR = Symmetry(90, False), Symmetry(270, False), Symmetry(0, True)
FILTERS = (4, 7, 9)


def blank() -> np.ndarray:
    """Scores of three filters that fire on their own pictures only."""
    return np.broadcast_to(np.eye(3, dtype=np.float32), (8, 3, 3)).copy()


def put(table: np.ndarray, filter: int, picture: int, symmetry: Symmetry, score: float) -> None:
    table[SYMMETRIES.index(symmetry), filter, picture] = score


def test_a_score_is_a_share_of_the_activation_on_the_own_picture() -> None:
    cross_activations = np.full((8, 2, 2), 3.0, np.float32)
    cross_activations[SYMMETRIES.index(IDENTITY)] = [[4, 1], [1, 6]]

    found = scores(cross_activations, SYMMETRIES)

    np.testing.assert_allclose(found[SYMMETRIES.index(QUARTER)], [[0.75, 0.75], [0.5, 0.5]])


def test_a_silent_filter_scores_nothing() -> None:
    cross_activations = np.ones((8, 2, 2), np.float32)
    cross_activations[SYMMETRIES.index(IDENTITY), 1, 1] = 0

    assert not scores(cross_activations, SYMMETRIES)[:, 1].any()


def test_twins_score_best_on_each_other_under_a_symmetry_and_its_inverse() -> None:
    table = blank()
    put(table, 0, 2, QUARTER, 0.9)
    put(table, 2, 0, BACK, 0.75)

    assert twins(table, SYMMETRIES, FILTERS, 0.5) == [Twins(4, 9, QUARTER, 0.75)]


def test_a_mirror_image_is_its_own_inverse() -> None:
    table = blank()
    put(table, 0, 1, MIRROR, 0.75)
    put(table, 1, 0, MIRROR, 0.875)

    assert twins(table, SYMMETRIES, FILTERS, 0.5) == [Twins(4, 7, MIRROR, 0.75)]


def test_a_best_score_that_is_not_mutual_makes_no_twins() -> None:
    table = blank()
    put(table, 0, 2, QUARTER, 0.9)
    put(table, 2, 0, BACK, 0.7)
    put(table, 2, 1, BACK, 0.8)

    assert not twins(table, SYMMETRIES, FILTERS, 0.5)


def test_a_score_below_the_threshold_makes_no_twins() -> None:
    table = blank()
    put(table, 0, 2, QUARTER, 0.9)
    put(table, 2, 0, BACK, 0.49)

    assert not twins(table, SYMMETRIES, FILTERS, 0.5)


def test_a_symmetry_that_makes_no_difference_makes_no_twins() -> None:
    table = blank()
    for symmetry in SYMMETRIES:
        put(table, 0, 2, symmetry, 0.9)
        put(table, 2, 0, symmetry, 0.9)

    assert not twins(table, SYMMETRIES, FILTERS, 0.5)


def test_the_strongest_twins_come_first() -> None:
    table = blank()
    for symmetry, back, score in ((QUARTER, BACK, 0.6), (MIRROR, MIRROR, 0.9)):
        put(table, 0, 2, symmetry, score)
        put(table, 2, 0, back, score)

    assert [pair.symmetry for pair in twins(table, SYMMETRIES, FILTERS, 0.5)] == [MIRROR, QUARTER]


@pytest.mark.parametrize("filters", [(), (3,)])
def test_a_filter_alone_has_no_twin(filters: tuple[int, ...]) -> None:
    table = np.ones((8, len(filters), len(filters)), np.float32)

    assert twins(table, SYMMETRIES, filters, 0.5) == []


def test_groups_join_linked_filters_and_keep_the_others_alone() -> None:
    pairs = [Twins(1, 5, QUARTER, 0.9), Twins(2, 9, MIRROR, 0.9), Twins(5, 8, MIRROR, 0.9)]

    assert groups(pairs, (1, 2, 3, 5, 8, 9)) == [[1, 5, 8], [2, 9], [3]]
