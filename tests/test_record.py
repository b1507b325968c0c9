"""What is written of a picture is read back, and says nothing that varies."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.errors import ResultsError
from filter_atlas.recipe import PRESETS
from filter_atlas.record import Quality, Record, versions
from samples import QUALITY

RECORD = Record(
    layer="block5_conv1",
    filter=7,
    seed=3,
    start_activation=0.25,
    final_activation=210.5,
    final_peak=900.25,
    final_pre_activation=-1e-9,
    attempts=2,
    certificate=None,
    quality=QUALITY,
    loss=(0.1, 20.0, 210.0),
    recipe=PRESETS["atlas"].model_dump(mode="json"),
    recipe_digest=PRESETS["atlas"].digest,
    precision="float32",
    weights_digest="d9a2",
    code_digest="77aa",
    device="CPU (Cortex · 猫)",
    tensor_float_32=False,
    versions={"filter_atlas": "0.1.0", "numpy": "2.4.6"},
)
FLOATS = st.floats(allow_nan=False)


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
        quality=st.builds(
            replace,
            st.just(QUALITY),
            noisiness=FLOATS,
            shift_robustness=st.none() | FLOATS,
            z_score=st.none() | FLOATS,
        ),
    )
)
def test_what_is_written_is_read_back_to_the_last_bit(path: Path, record: Record) -> None:
    path.write_bytes(record.to_json())

    assert Record.read(path) == record


def test_a_record_is_json_with_a_line_for_every_field_in_order() -> None:
    written = RECORD.to_json()

    names = [field.name for field in fields(Record)]
    assert list(json.loads(written)) == names
    first, *lines, last = written.decode().splitlines()
    assert (first, last) == ("{", "}")
    assert [line.partition(":")[0].strip(' "') for line in lines] == names
    assert written.endswith(b"}\n")


def test_a_record_holds_no_time() -> None:
    assert {field.name for field in fields(Record)} == {
        *("layer", "filter", "seed", "recipe", "recipe_digest", "precision"),
        *("weights_digest", "code_digest"),
        *("start_activation", "final_activation", "final_peak", "final_pre_activation", "loss"),
        *("attempts", "certificate", "quality"),
        *("device", "tensor_float_32", "versions"),
    }


def test_equal_records_give_equal_bytes() -> None:
    backwards = replace(
        RECORD,
        recipe=dict(reversed(RECORD.recipe.items())),
        versions=dict(reversed(RECORD.versions.items())),
    )

    assert backwards == RECORD
    assert backwards.to_json() == RECORD.to_json()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(RECORD.to_json()[:200], id="truncated"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"layer"', id="a text"),
        pytest.param(b"{}", id="no fields"),
        pytest.param(RECORD.to_json().replace(b'"seed": 3,', b""), id="a field too few"),
        pytest.param(RECORD.to_json().replace(b'"seed"', b'"sead"'), id="a misspelt field"),
        pytest.param(b'{"x": 1,' + RECORD.to_json()[1:], id="a field too many"),
        pytest.param(RECORD.to_json().replace(b"[0.1, 20.0, 210.0]", b"3"), id="no loss curve"),
    ],
)
def test_what_is_no_record_is_told_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "7.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ResultsError) as refusal:
        Record.read(path)

    assert str(refusal.value).startswith(f"{path}: not a filter's record (")
    assert str(refusal.value).endswith("delete it and run again to redraw it")


def test_robustness_is_the_mean_of_shifts_and_turns() -> None:
    assert QUALITY.robustness == 0.625
    assert replace(QUALITY, turn_robustness=None).robustness is None


def test_the_quality_of_several_pictures_is_their_mean_and_their_worst_rank() -> None:
    other = replace(QUALITY, noisiness=0.05, rank=7, shift_robustness=None)

    together = Quality.together([QUALITY, other])

    assert together.noisiness == pytest.approx(0.04)
    assert together.shift_robustness == 0.75
    assert together.rank == 7
    assert Quality.together([QUALITY]) == QUALITY


def test_the_software_that_took_part_is_named() -> None:
    assert {"filter_atlas", "python", "tensorflow", "numpy", "pillow"} == versions().keys()
