"""The observer's test, on plain numbers."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from filter_atlas.truth.score import (
    Explanations,
    mean_interval,
    normalise,
    own_direction,
    prepare_explanations,
    score,
    similarities,
    standardise,
)

STAGES = (4, 6)
FILTERS = 24


def make(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Patches that fire each filter, (filters, 17, 10), and an explanation, (filters, 10)."""
    random = np.random.RandomState(seed)
    shown = random.normal(size=(FILTERS, 10))
    natural = shown[:, np.newaxis] + noise * random.normal(size=(FILTERS, 17, 10))
    # Explanations are in a world of their own: another scale, and far away.
    return natural, 3 * shown + 100


def own_scores(
    natural: np.ndarray, explanations: np.ndarray, stages: Sequence[int] = STAGES
) -> np.ndarray:
    """The scores of all explanations; negatives are the patches of the other filters."""
    flat = natural[:, :8].reshape(-1, natural.shape[-1])
    queries = normalise(standardise(flat), stages).reshape(FILTERS, 8, -1)
    vectors = prepare_explanations(explanations[:, np.newaxis], stages)
    found = []
    for own in range(FILTERS):
        direction = own_direction(vectors, own)
        others = np.delete(queries, own, axis=0).reshape(-1, queries.shape[-1])
        found.append(
            score(similarities(queries[own], direction), similarities(others, direction)).value
        )
    return np.array(found)


def test_an_explanation_that_looks_like_what_fires_the_filter_scores_near_one() -> None:
    natural, explanations = make(seed=0, noise=0.2)

    assert own_scores(natural, explanations).mean() > 0.97


def test_a_random_explanation_scores_one_half() -> None:
    natural, _ = make(seed=0, noise=0.2)
    random = np.random.RandomState(1)

    found = [own_scores(natural, random.normal(size=(FILTERS, 10))).mean() for _ in range(20)]

    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


def test_an_explanation_of_the_opposite_scores_near_zero() -> None:
    natural, explanations = make(seed=0, noise=0.2)

    assert own_scores(natural, -explanations).mean() < 0.03


def test_what_all_explanations_share_does_not_count() -> None:
    natural, explanations = make(seed=0, noise=0.8)
    shifted = explanations * np.linspace(1, 50, 10) + np.linspace(-500, 500, 10)

    assert own_scores(natural, shifted) == pytest.approx(own_scores(natural, explanations))


def test_no_stage_outvotes_another_one() -> None:
    """The second stage tells nothing, in a hundred times as many numbers."""
    natural, explanations = make(seed=0, noise=0.2)
    random = np.random.RandomState(3)
    natural = np.concatenate([natural[..., :4], random.normal(size=(FILTERS, 17, 400))], axis=-1)
    explanations = np.concatenate([explanations[:, :4], random.normal(size=(FILTERS, 400))], axis=1)

    assert own_scores(natural, explanations, stages=(4, 400)).mean() > 0.9
    assert own_scores(natural, explanations, stages=(404,)).mean() < 0.8


def test_another_filters_explanation_is_a_control_without_bias() -> None:
    """Own explanations are good: if they were not left out, the others would be below one half."""
    natural, explanations = make(seed=0, noise=0.2)
    flat = normalise(standardise(natural[:, :8].reshape(-1, 10)), STAGES).reshape(FILTERS, 8, -1)
    vectors = prepare_explanations(explanations[:, np.newaxis], STAGES)

    found = []
    for own in range(FILTERS):
        negatives = np.delete(flat, own, axis=0).reshape(-1, 10)
        for other in set(range(FILTERS)) - {own}:
            direction = own_direction(vectors, other, own)
            one = score(similarities(flat[own], direction), similarities(negatives, direction))
            found.append(one.value)

    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


def test_several_patches_of_an_explanation_are_averaged() -> None:
    natural, _ = make(seed=0, noise=3.0)
    nine = prepare_explanations(natural[:, 8:], STAGES)
    one = prepare_explanations(natural[:, 8:9], STAGES)
    queries = normalise(standardise(natural[:, :8].reshape(-1, 10)), STAGES)

    def mean(vectors: Explanations) -> float:
        found = []
        for own in range(FILTERS):
            near = similarities(queries, own_direction(vectors, own)).reshape(FILTERS, 8)
            found.append(score(near[own], np.delete(near, own, axis=0).ravel()).value)
        return float(np.mean(found))

    assert mean(nine) > mean(one) + 0.05


def test_pairs_that_are_equal_count_half() -> None:
    assert score(np.array([1.0, 0.0]), np.array([1.0, 0.0])).value == 0.5
    assert score(np.array([1.0]), np.array([1.0, 0.0])).value == 0.75


@given(
    hnp.arrays(float, st.integers(1, 12), elements=st.integers(-5, 5).map(float)),
    hnp.arrays(float, st.integers(1, 12), elements=st.integers(-5, 5).map(float)),
)
def test_the_score_is_the_share_of_pairs(positives: np.ndarray, negatives: np.ndarray) -> None:
    pairs = np.sign(positives[:, np.newaxis] - negatives)

    found = score(positives, negatives)

    assert found.value == pytest.approx((pairs.mean() + 1) / 2)
    assert found.error > 0


@pytest.mark.parametrize("gap", [0.0, 0.6, 1.2, 2.5])
def test_two_errors_on_either_side_cover_the_true_score(gap: float) -> None:
    """8 positives and 60 negatives; the true score is that of infinitely many."""
    random = np.random.RandomState(0)
    true = (random.normal(gap, size=10**6) > random.normal(size=10**6)).mean()

    found = [score(random.normal(gap, size=8), random.normal(size=60)) for _ in range(500)]

    covered = np.mean([abs(one.value - true) <= 2 * one.error for one in found])
    assert covered >= 0.93


def test_few_patches_that_agree_are_not_certain() -> None:
    perfect = score(np.arange(8) + 100.0, np.arange(60.0))

    assert perfect.value == 1
    assert perfect.error > 0.08


@pytest.mark.parametrize("filters", [20, 200])
def test_the_interval_of_a_mean_covers_it(filters: int) -> None:
    random = np.random.RandomState(0)
    covered = 0

    for _ in range(200):
        low, high = mean_interval(random.normal(0.3, 1.0, filters), resamples=400)
        covered += low <= 0.3 <= high

    assert 0.88 <= covered / 200 <= 0.99


def test_intervals_are_the_same_every_time() -> None:
    values = np.random.RandomState(0).normal(size=50)

    assert mean_interval(values) == mean_interval(values.copy())
