"""What is written about twins reads back, and is the same for the same twins."""

import io
from pathlib import Path

import numpy as np
import pytest

from filter_atlas.errors import ResultsError
from filter_atlas.twins import report
from filter_atlas.twins.matching import Twins
from filter_atlas.twins.report import LayerTwins
from filter_atlas.twins.turn import Turn, turns

PAIRS = [Twins(1, 5, Turn(90, False), 0.1 + 0.2), Twins(5, 8, Turn(0, True), 0.5)]
SUMMARY = LayerTwins.of(
    "block2_conv1", range(10), 1, PAIRS, turn=90, threshold=0.5, weights_digest="d9a2"
)


def test_a_summary_counts_what_would_remain() -> None:
    assert (SUMMARY.compared, SUMMARY.with_twin, SUMMARY.remaining) == (10, 3, 8)
    assert SUMMARY.groups == ((1, 5, 8),)
    assert SUMMARY.share == pytest.approx(0.3)


def test_a_summary_reads_back(tmp_path: Path) -> None:
    (tmp_path / "twins.json").write_bytes(SUMMARY.to_json())

    assert LayerTwins.read(tmp_path / "twins.json") == SUMMARY


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"layer": "x", "groups": 3}'])
def test_what_is_no_summary_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "twins.json").write_bytes(content)

    with pytest.raises(ResultsError, match=r"twins\.json: not a summary of twins"):
        LayerTwins.read(tmp_path / "twins.json")


def test_the_table_has_a_row_for_every_pair() -> None:
    assert report.table(PAIRS).decode().splitlines() == [
        "filter,twin,angle,mirrored,score",
        "1,5,90,false,0.30000000000000004",
        "5,8,0,true,0.5",
    ]


def test_the_matrix_holds_every_pairs_best_turn() -> None:
    used = turns(90)
    scores = np.zeros((8, 2, 2), np.float32)
    scores[used.index(Turn(180, True)), 0, 1] = 0.75

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
