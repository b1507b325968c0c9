"""Every measure of every picture in one table that reads back exactly, and its summary."""

import csv
import io
import re
import subprocess
import sys
from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samples
from filter_atlas import metrics
from filter_atlas.metrics import LayerSummary
from filter_atlas.record import Quality, Record
from filter_atlas.vgg16 import LAYERS

RECORD = replace(
    samples.RECORD,
    layer="block3_conv2",
    filter=7,
    final_peak=900.25,
    final_pre_activation=-12.5,
    attempts=2,
    quality=replace(
        samples.QUALITY,
        shown_activation=150.0,
        shown_peak=700.0,
        turn_robustness=0.25,
        noisiness=0.125,
        saturated=0.0625,
        rank=3,
    ),
)
SILENT = replace(
    RECORD,
    filter=9,
    start_activation=0.0,
    final_activation=0.0,
    certificate="no picture can wake it",
    quality=replace(
        RECORD.quality,
        shown_activation=0.0,
        shift_robustness=None,
        turn_robustness=None,
        z_score=None,
    ),
)

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SHARES = st.floats(0, 2)
ACTIVATIONS = st.one_of(st.just(0.0), st.floats(1e-30, 1e30))
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
RECORDS = st.builds(
    replace,
    st.just(RECORD),
    layer=st.sampled_from([layer.name for layer in LAYERS]),
    filter=st.integers(0, 511),
    start_activation=ACTIVATIONS,
    final_activation=ACTIVATIONS,
    final_peak=FLOATS,
    final_pre_activation=FLOATS,
    attempts=st.integers(1, 17),
    certificate=st.none() | TEXTS,
    quality=st.builds(
        Quality,
        shown_activation=ACTIVATIONS,
        shown_peak=FLOATS,
        shift_robustness=st.none() | SHARES,
        turn_robustness=st.none() | SHARES,
        noisiness=SHARES,
        saturated=SHARES,
        rank=st.integers(1, 512),
        z_score=st.none() | FLOATS,
    ),
)


def rows_of(table: bytes) -> list[dict[str, str]]:
    """The rows of a table, by column."""
    return list(csv.DictReader(io.StringIO(table.decode(), newline="")))


def with_quality(record: Record, **changes: float | None) -> Record:
    """The record with some of its picture's measures changed."""
    return replace(record, quality=replace(record.quality, **changes))  # type: ignore[arg-type]


# --- the table ---


def test_a_row_says_all_there_is_to_say_of_a_filter() -> None:
    (row,) = rows_of(metrics.table([("negative", RECORD)]))

    assert row == {
        "variant": "negative",
        "layer": "block3_conv2",
        "filter": "7",
        "alive": "true",
        "start_activation": "0.5",
        "final_activation": "200.0",
        "final_peak": "900.25",
        "gain": "400.0",
        "final_pre_activation": "-12.5",
        "attempts": "2",
        "shown_activation": "150.0",
        "shown_peak": "700.0",
        "shown_share": "0.75",
        "shift_robustness": "0.75",
        "turn_robustness": "0.25",
        "robustness": "0.5",
        "noisiness": "0.125",
        "saturated": "0.0625",
        "rank": "3",
        "z_score": "4.5",
        "certificate": "",
    }


def test_of_a_silent_filter_what_there_is_none_of_is_empty() -> None:
    (row,) = rows_of(metrics.table([(metrics.OWN, SILENT)]))

    assert (row["variant"], row["alive"]) == ("positive", "false")
    assert row["certificate"] == "no picture can wake it"
    assert {name for name, cell in row.items() if not cell} == {
        *("gain", "shown_share", "z_score"),
        *("shift_robustness", "turn_robustness", "robustness"),
    }


@given(rows=st.lists(st.tuples(TEXTS, RECORDS), max_size=5))
def test_every_value_reads_back_exactly_in_the_order_given(rows: list[tuple[str, Record]]) -> None:
    read = rows_of(metrics.table(rows))

    assert len(read) == len(rows)
    for found, (variant, record) in zip(read, rows, strict=True):
        assert (found["variant"], found["layer"]) == (variant, record.layer)
        assert found["certificate"] == (record.certificate or "")
        assert found["alive"] == ("true" if record.final_activation > 0 else "false")
        for name in ("filter", "attempts"):
            assert int(found[name]) == getattr(record, name)
        for name in ("start_activation", "final_activation", "final_peak", "final_pre_activation"):
            assert float(found[name]) == getattr(record, name)
        for name in ("shown_activation", "shown_peak", "noisiness", "saturated", "rank"):
            assert float(found[name]) == getattr(record.quality, name)
        for name in ("shift_robustness", "turn_robustness", "robustness", "z_score"):
            value = getattr(record.quality, name)
            assert (float(found[name]) if found[name] else None) == value


@given(record=RECORDS)
def test_a_ratio_is_empty_exactly_where_its_base_is_0(record: Record) -> None:
    (row,) = rows_of(metrics.table([(metrics.OWN, record)]))

    assert (row["gain"] == "") == (record.start_activation == 0)
    assert (row["shown_share"] == "") == (record.final_activation == 0)
    assert "nan" not in row.values()


def test_lines_end_in_the_same_way_everywhere() -> None:
    table = metrics.table([(metrics.OWN, RECORD), (metrics.OWN, SILENT)])

    assert b"\r" not in table
    assert table.count(b"\n") == 3
    assert table.endswith(b"\n")


def test_without_records_there_is_only_the_header() -> None:
    assert metrics.table([]).decode() == ",".join(metrics.COLUMNS) + "\n"


def test_every_column_has_a_type_and_a_meaning_and_nothing_else_has() -> None:
    [header] = csv.reader(io.StringIO(metrics.table([]).decode()))

    assert list(metrics.MEANINGS) == header == list(metrics.COLUMNS)
    assert all(meaning for _, meaning in metrics.MEANINGS.values())


def test_the_type_of_a_column_is_that_of_its_cells() -> None:
    looks = {
        "integer": r"\d+",
        "number": r"-?\d+\.\d+",
        "boolean": "true|false",
        "string": "[a-z].*",
    }
    record = replace(RECORD, certificate="no picture can wake it")

    (row,) = rows_of(metrics.table([(metrics.OWN, record)]))

    for column, (kind, _) in metrics.MEANINGS.items():
        assert re.fullmatch(looks[kind], row[column]), f"{column}: {row[column]} is no {kind}"


def test_the_table_needs_no_plotting_and_no_tensorflow() -> None:
    program = (
        "import filter_atlas.metrics, sys; "
        "print({'matplotlib', 'tensorflow', 'keras'} & set(sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (run.stdout, run.stderr) == ("set()\n", "")


# --- the summary ---


def test_a_layer_is_summed_up_by_its_counts_and_medians() -> None:
    strong = with_quality(
        replace(RECORD, final_activation=400.0), shown_activation=100.0, noisiness=0.5, rank=1
    )

    layer, _ = metrics.summary([RECORD, strong, SILENT])

    assert layer == LayerSummary(
        layer="block3_conv2",
        drawn=3,
        alive=2,
        proved_silent=1,
        final_activation=200.0,
        robustness=0.5,
        noisiness=0.125,
        shown_share=0.5,
        first_share=1 / 3,
    )


@given(records=st.lists(RECORDS, min_size=1, max_size=12), data=st.data())
def test_layers_come_in_the_order_in_which_records_do(
    records: list[Record], data: st.DataObject
) -> None:
    *layers, _ = metrics.summary(records)

    assert [of.layer for of in layers] == list(dict.fromkeys(one.layer for one in records))
    mixed = metrics.summary(data.draw(st.permutations(records)))[:-1]
    assert sorted(mixed, key=lambda of: of.layer) == sorted(layers, key=lambda of: of.layer)


@given(records=st.lists(RECORDS, min_size=1, max_size=12))
def test_the_last_summary_is_over_all_filters_not_over_the_layers_summaries(
    records: list[Record],
) -> None:
    *layers, total = metrics.summary(records)

    assert total.layer == metrics.ALL_LAYERS
    assert total.drawn == sum(layer.drawn for layer in layers) == len(records)
    assert total.alive == sum(layer.alive for layer in layers)
    assert total.proved_silent == sum(layer.proved_silent for layer in layers)
    assert total.noisiness == median(record.quality.noisiness for record in records)
    assert total.first_share == sum(one.quality.rank == 1 for one in records) / len(records)


def test_a_filter_that_only_was_silent_so_far_is_not_proved_silent() -> None:
    tried = replace(SILENT, certificate="silent after 9 starts, at a mean pre-activation of -1")

    layer, _ = metrics.summary([SILENT, tried])

    assert (layer.alive, layer.proved_silent) == (0, 1)


def test_where_all_are_silent_medians_of_what_they_lack_are_missing() -> None:
    layer, total = metrics.summary([SILENT, SILENT])

    assert (layer.drawn, layer.alive, layer.proved_silent) == (2, 0, 2)
    assert (layer.robustness, layer.shown_share) == (None, None)
    assert layer.final_activation == 0.0
    assert replace(total, layer=layer.layer) == layer


def test_nothing_has_no_summary() -> None:
    assert metrics.summary([]) == []


# --- the summary in Markdown ---


def test_the_summary_is_a_markdown_table_with_the_total_in_bold() -> None:
    records = [replace(RECORD, layer="block1_conv1"), with_quality(RECORD, rank=1)]

    lines = metrics.markdown(metrics.summary(records)).splitlines()

    assert lines == [
        "| layer | drawn | alive | proved silent | activation | robustness | noisiness "
        "| shown / optimised | ranks first |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| block1_conv1 | 1 | 1 | 0 | 200 | 50.0% | 12.5% | 75.0% | 0.0% |",
        "| block3_conv2 | 1 | 1 | 0 | 200 | 50.0% | 12.5% | 75.0% | 100.0% |",
        "| **all layers** | **2** | **2** | **0** | **200** | **50.0%** | **12.5%** | **75.0%** "
        "| **50.0%** |",
    ]


def test_what_is_missing_is_a_dash() -> None:
    layer = metrics.markdown(metrics.summary([SILENT])).splitlines()[2]

    assert layer == "| block3_conv2 | 1 | 0 | 1 | 0 | – | 12.5% | – | 0.0% |"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_line_has_as_many_cells_as_the_heading(count: int) -> None:
    drawn = [replace(RECORD, layer=layer.name) for layer in LAYERS[:count]]

    lines = metrics.markdown(metrics.summary(drawn)).splitlines()

    assert len(lines) == 2 + (count + 1 if count else 0)
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
