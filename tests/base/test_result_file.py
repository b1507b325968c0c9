"""Files beside results are read back as written, and damaged ones are refused in one line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import samples
from filter_atlas.base.errors import ResultsError

SAMPLES: list[Any] = [
    samples.RECORD,
    samples.LAYER_MEASURES,
    samples.DREAM_RECORD,
    samples.CLASS_RECORD,
    samples.LAYER_TWINS,
]
DAMAGES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "empty": lambda fields: b"",
    "truncated": lambda fields: json.dumps(fields).encode()[:60],
    "not text": lambda fields: b"\xff\xfe",
    "a list": lambda fields: b"[]",
    "a text": lambda fields: b'"layer"',
    "no fields": lambda fields: b"{}",
    "a field too few": lambda fields: json.dumps(dict(list(fields.items())[1:])).encode(),
    "a field too many": lambda fields: json.dumps({**fields, "x": 1}).encode(),
    "an infinite number": lambda fields: re.sub(
        rb"-?\d+\.\d+(?![.\d\"])", b"1e400", json.dumps(fields).encode(), count=1
    ),
    "no value": lambda fields: json.dumps({**fields, next(iter(fields)): None}).encode(),
    "fields of another type": lambda fields: json.dumps({key: [[]] for key in fields}).encode(),
}
of_every_kind = pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: type(one).__name__)


@of_every_kind
def test_a_file_is_read_back_as_written(tmp_path: Path, sample: Any) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(sample.to_json())

    assert type(sample).from_file(path) == sample


@of_every_kind
@pytest.mark.parametrize("damage", ["missing", *DAMAGES])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, sample: Any, damage: str) -> None:
    path = tmp_path / "result.json"
    if damage != "missing":
        path.write_bytes(DAMAGES[damage](json.loads(sample.to_json())))

    with pytest.raises(ResultsError) as error_text:
        type(sample).from_file(path)

    assert str(error_text.value).startswith(f"{path}: {sample.error_text} (")
    assert str(error_text.value).endswith("); delete it and run again")
    assert "\n" not in str(error_text.value)
