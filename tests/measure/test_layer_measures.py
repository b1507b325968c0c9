"""The file of a layer's measures is read back as written, and a damaged one is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.base.errors import ResultsError
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import Value
from samples import LAYER_MEASURES, VALUES

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = LAYER_MEASURES.to_json()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the measures are written."""
    return tmp_path_factory.mktemp("measures") / "block1_conv1.json"


@given(
    values=st.dictionaries(
        st.integers(0, 10_000),
        st.builds(
            lambda **changes: {**VALUES, **changes},
            noisiness=FLOATS,
            shift_robustness=st.none() | FLOATS,
            rank=st.integers(1, 512),
        ),
    )
)
def test_what_is_written_is_read_back_to_the_last_bit(
    path: Path, values: dict[int, dict[str, Value]]
) -> None:
    written = replace(LAYER_MEASURES, values=values)

    path.write_bytes(written.to_json())

    assert LayerMeasures.from_file(path) == written


def test_the_file_has_a_line_for_every_filter_in_order() -> None:
    backwards = replace(LAYER_MEASURES, values=dict(reversed(LAYER_MEASURES.values.items())))

    lines = [line.strip() for line in backwards.to_json().decode().splitlines()]

    rows = [line for line in lines if '"noisiness"' in line]
    assert [row.partition(":")[0] for row in rows] == ['"7"', '"12"']
    assert backwards.to_json() == JSON


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(JSON.replace(b'"7":', b'"seven":'), id="no index"),
        pytest.param(JSON.replace(b'"noisiness"', b'"noise"'), id="another measure"),
        pytest.param(JSON.replace(b'"saturated": 0.001, ', b""), id="a measure too few"),
        pytest.param(JSON.replace(b'"noisiness": 0.03', b'"noisiness": null'), id="a null"),
    ],
)
def test_a_filter_with_other_measures_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "block1_conv1.json"
    path.write_bytes(content)

    with pytest.raises(ResultsError, match="not the measures of a layer"):
        LayerMeasures.from_file(path)
