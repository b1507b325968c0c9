"""The usual strength of filters is read from the table of evidence."""

from dataclasses import replace
from pathlib import Path

import pytest

from filter_atlas.base.errors import ResultsError
from filter_atlas.evidence.record import FilterEvidence, LayerEvidence, Patch, table
from filter_atlas.views.usual import Usual, read_usual

PATCH = Patch(0, 4.25, (0, 0), None, False)
FIRES = FilterEvidence(1, 0.5, 4.25, 1.0, None, None, False, 4.0, 2.0, (PATCH,), (), (), (1,), (1,))
RARE = replace(FIRES, p90_activation=0.0)
SILENT = replace(RARE, greatest=0.0, top=(), naturally_silent=True)
LAYER = LayerEvidence(
    *("block1_conv1", 32, (8, 8), None, 2, ("a" * 64,), (0.0,), "d", "c", ("CPU",), {}),
    {3: FIRES, 4: RARE, 5: SILENT},
)


def test_the_table_of_evidence_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "filters.csv"
    path.write_bytes(table([LAYER], {"a" * 64: 'my "owl", 2.jpg'}))

    assert read_usual(path) == {
        ("block1_conv1", 3): Usual(4.0, 'my "owl", 2.jpg'),
        ("block1_conv1", 4): Usual(4.25, 'my "owl", 2.jpg'),
        ("block1_conv1", 5): Usual(0.0, ""),
    }


@pytest.mark.parametrize("content", [None, b"\xff", b"layer,filter\na,b\n", b"layer\na\n"])
def test_a_damaged_table_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "filters.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ResultsError, match=r"not the table of filters in photographs"):
        read_usual(path)
