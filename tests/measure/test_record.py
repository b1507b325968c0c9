"""A record is read back as written, and holds nothing that varies from run to run."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samples
from filter_atlas.base.errors import ResultsError
from filter_atlas.measure.record import Record, versions
from filter_atlas.settings.recipe import PRESETS

RECORD = replace(
    samples.RECORD,
    final_pre_activation=-1e-9,
    loss=(0.1, 20.0, 210.0),
    seed=3,
    recipe=PRESETS["atlas"].model_dump(mode="json"),
    recipe_digest=PRESETS["atlas"].digest,
    device="CPU (Cortex · 猫)",
    versions={"filter_atlas": "0.1.0", "numpy": "2.4.6"},
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a record is written."""
    return tmp_path_factory.mktemp("records") / "7.json"


@given(
    record=st.builds(
        replace,
        st.just(RECORD),
        filter=st.integers(0, 511),
        start_activation=FLOATS,
        final_activation=FLOATS,
        final_pre_activation=FLOATS,
        loss=st.lists(FLOATS).map(tuple),
        device=st.text(),
        certificate=st.none() | st.text(),
    )
)
def test_what_is_written_is_read_back_to_the_last_bit(path: Path, record: Record) -> None:
    path.write_bytes(record.to_json())

    assert Record.from_file(path) == record


@pytest.mark.parametrize("schedule", [None, [None], [{"size": 64, "steps": 1e400}]])
def test_a_schedule_that_no_figure_can_show_is_refused(path: Path, schedule: object) -> None:
    path.write_bytes(replace(RECORD, recipe={"schedule": schedule}).to_json())

    with pytest.raises(ResultsError, match=r"not a filter's record \(recipe"):
        Record.from_file(path)


def test_a_record_is_json_with_a_line_for_every_field_in_order() -> None:
    written = RECORD.to_json()

    names = [field.name for field in fields(Record)]
    assert list(json.loads(written)) == names
    first, *lines, last = written.decode().splitlines()
    assert (first, last) == ("{", "}")
    assert [line.partition(":")[0].strip(' "') for line in lines] == names
    assert written.endswith(b"}\n")


def test_equal_records_give_equal_bytes() -> None:
    backwards = replace(
        RECORD,
        recipe=dict(reversed(RECORD.recipe.items())),
        versions=dict(reversed(RECORD.versions.items())),
    )

    assert backwards == RECORD
    assert backwards.to_json() == RECORD.to_json()


def test_the_software_that_took_part_is_named() -> None:
    assert {"filter_atlas", "python", "tensorflow", "numpy", "pillow"} == versions().keys()
