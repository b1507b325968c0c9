"""What the pages know of a filter's neighbours, from a layer's matrix of twins."""

from pathlib import Path

import numpy as np
import pytest

from filter_atlas.atlas.catalogue import neighbours
from filter_atlas.errors import ResultsError
from filter_atlas.twins import report
from filter_atlas.twins.report import LayerTwins
from filter_atlas.twins.turn import turns

SUMMARY = LayerTwins.of(
    "block1_conv1", range(3), 0, [], turn=90, threshold=0.8, weights_digest="d9a2"
)


def matrix() -> bytes:
    scores = np.random.RandomState(0).random_sample((8, 3, 3)).astype(np.float32)
    return report.matrix(scores, turns(90), [0, 1, 2])


def test_a_matrix_tells_of_every_filter_which_others_answer_to_its_picture(tmp_path: Path) -> None:
    (tmp_path / "twins.npz").write_bytes(matrix())

    found = neighbours(tmp_path / "twins.npz", SUMMARY)

    assert list(found) == [0, 1, 2]
    for filter, others in found.items():
        assert {other.filter for other in others} == {0, 1, 2} - {filter}
        assert [other.score for other in others] == sorted(
            (other.score for other in others), reverse=True
        )


@pytest.mark.parametrize("kept", [0, 1, 100, 500, -1])
def test_a_matrix_that_is_cut_off_is_named(kept: int, tmp_path: Path) -> None:
    (tmp_path / "twins.npz").write_bytes(matrix()[:kept])

    with pytest.raises(ResultsError, match=r"twins\.npz: not a matrix of twins"):
        neighbours(tmp_path / "twins.npz", SUMMARY)


def test_a_flipped_bit_anywhere_is_harmless_or_named(tmp_path: Path) -> None:
    whole = matrix()
    named = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        (tmp_path / "twins.npz").write_bytes(damaged)
        try:
            neighbours(tmp_path / "twins.npz", SUMMARY)
        except ResultsError:
            named += 1

    assert named > 50
