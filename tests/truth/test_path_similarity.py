"""Path similarity, from activations whose similarity is known."""

import numpy as np
import pytest

from filter_atlas.truth.path_similarity import path_similarity

FILTERS = 200


def activations(seed: int, patches: int, shared: float = 0.8) -> np.ndarray:
    """Patches of one kind: a common part and one of their own; after ReLU, so that half are 0."""
    random = np.random.RandomState(seed)
    common = random.normal(size=FILTERS)
    own = random.normal(size=(patches, FILTERS))
    return np.maximum(shared * common + (1 - shared) * own, 0)


NATURAL = activations(0, 9)
OTHERS = np.concatenate([activations(seed, 1) for seed in range(1, 30)])


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """The correlation of ranks; the rank of a value is counted, and equal values share theirs."""
    ranks = [
        [(row < value).sum() + (row == value).sum() / 2 for value in row] for row in (first, second)
    ]
    return float(np.corrcoef(ranks)[0, 1])


def test_a_picture_that_is_like_the_photographs_has_one() -> None:
    assert path_similarity(NATURAL[8], NATURAL[:4], NATURAL[4:8], OTHERS) == pytest.approx(
        1, abs=0.05
    )


def test_a_picture_of_something_else_has_zero() -> None:
    found = [path_similarity(one, NATURAL[:4], NATURAL[4:8], OTHERS) for one in OTHERS]

    assert np.mean(found) == pytest.approx(0, abs=1e-9)  # type: ignore[arg-type]


def test_it_is_made_of_mean_rank_correlations_of_pairs() -> None:
    def similarity(rows: np.ndarray, others: np.ndarray) -> float:
        return float(np.mean([spearman(a, b) for a in rows for b in others]))

    picture, first, second = activations(0, 1, shared=0.4), NATURAL[:4], NATURAL[4:8]
    own = NATURAL[:8]
    arbitrary = similarity(OTHERS, own)
    expected = (similarity(picture, own) - arbitrary) / (similarity(first, second) - arbitrary)

    assert path_similarity(picture[0], first, second, OTHERS) == pytest.approx(expected)


def test_greater_activations_in_the_same_order_change_nothing() -> None:
    usual = path_similarity(NATURAL[8], NATURAL[:4], NATURAL[4:8], OTHERS)

    assert path_similarity(100 * NATURAL[8] ** 3, NATURAL[:4], NATURAL[4:8], OTHERS) == usual


def test_where_photographs_of_the_filter_are_not_alike_there_is_none() -> None:
    mixed = np.concatenate([activations(seed, 1) for seed in range(100, 109)])

    assert path_similarity(NATURAL[0], mixed[:4], mixed[4:8], OTHERS) is None
    assert path_similarity(NATURAL[0], NATURAL[:4], NATURAL[4:8], NATURAL) is None
