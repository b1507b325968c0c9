"""Path similarity, from activations whose similarity is known."""

from pathlib import Path

import numpy as np
import pytest

from filter_atlas.base.arrays import npz
from filter_atlas.base.errors import ResultsError
from filter_atlas.truth.path_similarity import (
    LayerPaths,
    PathSimilarity,
    mean_ranks,
    path_similarities,
    path_similarity,
)
from truth_samples import sample_paths

FILTERS = 200


def activations(seed: int, patches: int, shared: float = 0.8) -> np.ndarray:
    """Patches of one kind: a common part and one of their own; after ReLU, so that half are 0."""
    random = np.random.RandomState(seed)
    common = random.normal(size=FILTERS)
    own = random.normal(size=(patches, FILTERS))
    return np.maximum(shared * common + (1 - shared) * own, 0)


NATURAL = activations(0, 9)
OTHERS = np.concatenate([activations(seed, 1) for seed in range(1, 30)])


def compare(
    picture: np.ndarray,
    first: np.ndarray = NATURAL[:4],
    second: np.ndarray = NATURAL[4:8],
    others: np.ndarray = OTHERS,
) -> float | None:
    """The path similarity of a picture, from activations."""
    return path_similarity(*map(mean_ranks, (picture[np.newaxis], first, second, others)))


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """The correlation of ranks; the rank of a value is counted, and equal values share theirs."""
    ranks = [
        [(row < value).sum() + (row == value).sum() / 2 for value in row] for row in (first, second)
    ]
    return float(np.corrcoef(ranks)[0, 1])


def similarity(rows: np.ndarray, others: np.ndarray) -> float:
    """The mean rank correlation of all pairs."""
    return float(np.mean([spearman(a, b) for a in rows for b in others]))


def test_a_picture_that_is_like_the_photographs_has_one() -> None:
    assert compare(NATURAL[8]) == pytest.approx(1, abs=0.05)


def test_a_picture_of_something_else_has_zero() -> None:
    found = [compare(one) for one in OTHERS]

    assert np.mean(found) == pytest.approx(0, abs=1e-9)  # type: ignore[arg-type]


def test_it_is_made_of_mean_rank_correlations_of_pairs() -> None:
    picture, first, second = activations(0, 1, shared=0.4), NATURAL[:4], NATURAL[4:8]
    own = NATURAL[:8]
    arbitrary = similarity(OTHERS, own)
    expected = (similarity(picture, own) - arbitrary) / (similarity(first, second) - arbitrary)

    assert compare(picture[0]) == pytest.approx(expected)


def test_greater_activations_in_the_same_order_change_nothing() -> None:
    assert compare(100 * NATURAL[8] ** 3) == compare(NATURAL[8])


def test_where_photographs_of_the_filter_are_not_alike_there_is_none() -> None:
    mixed = np.concatenate([activations(seed, 1) for seed in range(100, 109)])

    assert compare(NATURAL[0], mixed[:4], mixed[4:8]) is None
    assert compare(NATURAL[0], others=NATURAL) is None


COUNT = 20
INDICES = [3 * place for place in range(COUNT)]


def similarities(paths: LayerPaths, photographs: int = 100) -> list[PathSimilarity]:
    return path_similarities(paths, INDICES, photographs)


def test_in_a_layer_patches_are_halved_by_rank_and_others_are_the_best_patches_of_each() -> None:
    paths = sample_paths(INDICES)
    place = 7

    found = similarities(paths)[place]

    own, others = paths.patches[place, :8], np.delete(paths.patches[:, 0], place, axis=0)
    arbitrary = similarity(others, own)
    natural = similarity(own[0::2], own[1::2])
    picture = similarity(paths.pictures[place], own)
    assert found.value == pytest.approx((picture - arbitrary) / (natural - arbitrary))
    assert found.refusal is None


def test_a_missing_patch_is_skipped_and_a_ninth_takes_its_place() -> None:
    paths = sample_paths(INDICES)
    without = LayerPaths(paths.pictures, np.delete(paths.patches, 4, axis=1))
    paths.patches[:, 4] = 0

    assert similarities(paths) == similarities(without)


@pytest.mark.parametrize(
    ("patches", "pictures", "photographs", "reason"),
    [
        (7, 1, 100, "7 photographs fire it, and 8 are needed"),
        (0, 1, 100, "no photograph fires it"),
        (9, 0, 100, "its picture does not fire it"),
        (9, 1, 34, "34 photographs were observed, and 35 are needed"),
    ],
)
def test_what_cannot_be_compared_is_left_out_with_a_reason(
    patches: int, pictures: int, photographs: int, reason: str
) -> None:
    paths = sample_paths(INDICES)
    paths.patches[2, patches:] = 0
    paths.pictures[2] *= pictures

    found = similarities(paths, photographs)

    assert found[2] == PathSimilarity(None, reason)
    assert (found[3].value is None) == (photographs < 35)


def test_few_filters_that_photographs_fire_are_not_enough() -> None:
    paths = sample_paths(INDICES)
    paths.patches[15:] = 0

    assert {one.refusal for one in similarities(paths)} == {
        "photographs fire 15 filters, and 16 are needed"
    }
    assert similarities(sample_paths(INDICES, alike=0))[0].refusal == (
        "photographs that fire it are hardly more alike than others in what other filters do"
    )


def test_files_of_other_filters_are_one_line(tmp_path: Path) -> None:
    paths = sample_paths(INDICES)
    pictures, patches = tmp_path / "a.npz", tmp_path / "b.npz"
    pictures.write_bytes(npz(paths=np.repeat(paths.pictures[:, 0], 2, axis=0)))
    patches.write_bytes(npz(paths=paths.patches))

    read = LayerPaths.from_files(pictures, patches, COUNT)

    assert read.pictures.shape == (COUNT, 2, paths.pictures.shape[2])
    np.testing.assert_array_equal(read.pictures[:, :1], paths.pictures)
    with pytest.raises(ResultsError, match="not the paths of the same filters; delete both and"):
        LayerPaths.from_files(pictures, patches, COUNT - 1)
    with pytest.raises(ResultsError, match=r"b\.npz: not the paths of a layer"):
        LayerPaths.from_files(patches, pictures, COUNT)
