"""A dream's record can be read back, and says nothing of where files lie."""

from pathlib import Path

import numpy as np
import pytest

from filter_atlas.dream.photograph import Photograph
from filter_atlas.dream.record import DreamRecord, Source
from filter_atlas.errors import ResultsError

PHOTOGRAPH = Photograph("fox.jpg", "f" * 64, (4000, 3000), np.zeros((48, 64, 3), np.uint8))
RECORD = DreamRecord(
    photo=Source.of(PHOTOGRAPH),
    guide=None,
    dream={"octaves": 2, "seed": 7},
    seed=7,
    loss=((1.0, 2.5), (3.0,)),
    weights_digest="d" * 64,
    device="CPU",
    versions={"numpy": "2"},
)


def test_a_record_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "dream.json"
    path.write_bytes(RECORD.to_json())

    assert DreamRecord.read(path) == RECORD


def test_of_a_photograph_it_keeps_name_digest_and_both_sizes() -> None:
    assert RECORD.photo == Source(
        name="fox.jpg", digest="f" * 64, taken=(4000, 3000), used=(64, 48)
    )


@pytest.mark.parametrize("content", [None, b"", b'{"seed": 1}'])
def test_what_is_no_record_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "dream.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ResultsError, match="not a dream's record") as caught:
        DreamRecord.read(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "delete it and run again" in str(caught.value)
