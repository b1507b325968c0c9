"""Files about twins can be read, and are equal for equal twins."""

import io

import numpy as np
import pytest

from filter_atlas.base.rotations import Symmetry, symmetries
from filter_atlas.twins import report
from filter_atlas.twins.matching import Twins
from filter_atlas.twins.report import LayerTwins
from samples import LAYER_TWINS

PAIRS = [Twins(1, 5, Symmetry(90, False), 0.1 + 0.2), Twins(5, 8, Symmetry(0, True), 0.5)]
SUMMARY = LayerTwins.from_pairs(
    "block2_conv1", range(10), 1, PAIRS, rotation_step=90, threshold=0.5, weights_digest="d" * 64
)


def test_a_summary_counts_the_remaining_filters() -> None:
    assert SUMMARY == LAYER_TWINS
    assert SUMMARY.share == pytest.approx(0.3)


def test_the_table_has_a_row_for_every_pair() -> None:
    assert report.table(PAIRS).decode().splitlines() == [
        "filter,twin,angle,mirrored,score",
        "1,5,90,false,0.30000000000000004",
        "5,8,0,true,0.5",
    ]


def test_the_matrix_holds_the_best_symmetry_of_every_pair() -> None:
    used = symmetries(90)
    scores = np.zeros((8, 2, 2), np.float32)
    scores[used.index(Symmetry(180, True)), 0, 1] = 0.75

    content = report.matrix(scores, used, [3, 4])

    with np.load(io.BytesIO(content)) as matrix:
        assert matrix["filters"].tolist() == [3, 4]
        assert (matrix["score"][0, 1], matrix["angle"][0, 1]) == (0.75, 180)
        assert matrix["mirrored"][0, 1]
    assert report.matrix(scores, used, [3, 4]) == content


def test_the_markdown_has_a_row_for_every_layer() -> None:
    head, _, row = report.markdown([SUMMARY]).splitlines()

    assert head.startswith("| layer | compared | with a twin |")
    assert row == "| block2_conv1 | 10 | 3 | 30.0% | 8 | 3 |"
