"""The values of all measures in one table that reads back exactly, and their summary."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import samples
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.measure.measures import PICTURE_MEASURES, Value, measure_values
from filter_atlas.measure.record import Record
from filter_atlas.measure.table import (
    ALL_LAYERS,
    COLUMNS,
    MEANINGS,
    OWN,
    LayerSummary,
    measures_csv,
    summarise_layers,
    summary_markdown,
)

Values = dict[str, Value]

RECORD = replace(
    samples.RECORD,
    layer="block3_conv2",
    filter=7,
    final_peak=900.25,
    final_pre_activation=-12.5,
    attempts=2,
)
PICTURE: Values = {
    **samples.VALUES,
    "shown_activation": 150.0,
    "article_activation": None,
    "shown_peak": 700.0,
    "rotation_robustness": 0.25,
    "noisiness": 0.125,
    "saturated": 0.0625,
    "rank": 3,
}
VALUES = measure_values(RECORD, PICTURE)
SILENT = measure_values(
    replace(
        RECORD,
        filter=9,
        start_activation=0.0,
        final_activation=0.0,
        certificate="no picture can activate it",
    ),
    {
        **PICTURE,
        "shown_activation": 0.0,
        "shift_robustness": None,
        "rotation_robustness": None,
        "z_score": None,
    },
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
)
PICTURES = st.fixed_dictionaries(
    dict.fromkeys(PICTURE_MEASURES, SHARES)
    | {
        "shown_activation": ACTIVATIONS,
        "shown_peak": FLOATS,
        "shift_robustness": st.none() | SHARES,
        "rotation_robustness": st.none() | SHARES,
        "noisiness": SHARES,
        "saturated": SHARES,
        "rank": st.integers(1, 512),
        "z_score": st.none() | FLOATS,
    }
)
FILTERS = st.builds(measure_values, RECORDS, PICTURES)


def values_of(record: Record = RECORD, **picture: Value) -> Values:
    """All values of a filter, some of its picture measures changed."""
    return measure_values(record, {**PICTURE, **picture})


def rows_of(table: bytes) -> list[dict[str, str]]:
    """The rows of a table, by column."""
    return list(csv.DictReader(io.StringIO(table.decode(), newline="")))


# --- the table ---


def test_a_row_has_all_values_of_a_filter() -> None:
    (row,) = rows_of(measures_csv([("negative", VALUES)]))

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
        "article_activation": "",
        "shown_peak": "700.0",
        "shown_share": "0.75",
        "shift_robustness": "0.75",
        "rotation_robustness": "0.25",
        "robustness": "0.5",
        "noisiness": "0.125",
        "saturated": "0.0625",
        "rank": "3",
        "z_score": "4.5",
        "certificate": "",
    }


def test_what_a_silent_filter_lacks_is_an_empty_cell() -> None:
    (row,) = rows_of(measures_csv([(OWN, SILENT)]))

    assert (row["variant"], row["alive"]) == ("positive", "false")
    assert row["certificate"] == "no picture can activate it"
    assert {name for name, cell in row.items() if not cell} == {
        *("article_activation", "gain", "shown_share", "z_score"),
        *("shift_robustness", "rotation_robustness", "robustness"),
    }


@given(rows=st.lists(st.tuples(TEXTS, FILTERS), max_size=5))
def test_every_value_reads_back_exactly_in_the_order_given(rows: list[tuple[str, Values]]) -> None:
    read = rows_of(measures_csv(rows))

    assert len(read) == len(rows)
    for found, (variant, values) in zip(read, rows, strict=True):
        assert found.pop("variant") == variant
        for name, cell in found.items():
            assert _parsed(cell, MEANINGS[name][0]) == values[name]


def _parsed(cell: str, kind: str) -> Any:
    if not cell:
        return None
    parsers: dict[str, Callable[[str], Any]] = {
        "boolean": lambda text: text == "true",
        "integer": int,
        "number": float,
    }
    return parsers.get(kind, str)(cell)


@given(values=FILTERS)
def test_a_ratio_is_empty_exactly_where_its_base_is_0(values: Values) -> None:
    (row,) = rows_of(measures_csv([(OWN, values)]))

    assert (row["gain"] == "") == (values["start_activation"] == 0)
    assert (row["shown_share"] == "") == (values["final_activation"] == 0)
    assert "nan" not in row.values()


def test_lines_end_in_the_same_way_everywhere() -> None:
    table = measures_csv([(OWN, VALUES), (OWN, SILENT)])

    assert b"\r" not in table
    assert table.count(b"\n") == 3
    assert table.endswith(b"\n")


def test_without_filters_there_is_only_the_header() -> None:
    assert measures_csv([]).decode() == ",".join(COLUMNS) + "\n"


def test_the_type_of_a_column_is_that_of_its_cells() -> None:
    patterns = {
        "integer": r"\d+",
        "number": r"-?\d+\.\d+",
        "boolean": "true|false",
        "string": "[a-z].*",
    }
    values = {
        **VALUES,
        "article_activation": 150.0,
        "certificate": "no picture can activate it",
    }

    (row,) = rows_of(measures_csv([(OWN, values)]))

    for column, (kind, _) in MEANINGS.items():
        assert re.fullmatch(patterns[kind], row[column]), f"{column}: {row[column]} is no {kind}"


def test_the_table_needs_no_plotting_and_no_tensorflow() -> None:
    program = (
        "import filter_atlas.measure.table, sys; "
        "print({'matplotlib', 'tensorflow', 'keras'} & set(sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (run.stdout, run.stderr) == ("set()\n", "")


# --- the summary ---


def test_a_summary_of_a_layer_has_its_counts_and_medians() -> None:
    strong = values_of(
        replace(RECORD, final_activation=400.0), shown_activation=100.0, noisiness=0.5, rank=1
    )

    layer, _ = summarise_layers([VALUES, strong, SILENT])

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


@given(filters=st.lists(FILTERS, min_size=1, max_size=12), data=st.data())
def test_layers_keep_the_order_of_their_filters(filters: list[Values], data: st.DataObject) -> None:
    *layers, _ = summarise_layers(filters)

    assert [one.layer for one in layers] == list(dict.fromkeys(one["layer"] for one in filters))
    mixed = summarise_layers(data.draw(st.permutations(filters)))[:-1]
    assert sorted(mixed, key=lambda one: one.layer) == sorted(layers, key=lambda one: one.layer)


@given(filters=st.lists(FILTERS, min_size=1, max_size=12))
def test_the_last_summary_is_over_all_filters_not_over_the_layers_summaries(
    filters: list[Values],
) -> None:
    *layers, total = summarise_layers(filters)

    assert total.layer == ALL_LAYERS
    assert total.drawn == sum(layer.drawn for layer in layers) == len(filters)
    assert total.alive == sum(layer.alive for layer in layers)
    assert total.proved_silent == sum(layer.proved_silent for layer in layers)
    noise: list[Any] = [values["noisiness"] for values in filters]
    assert total.noisiness == median(noise)
    assert total.first_share == sum(values["rank"] == 1 for values in filters) / len(filters)


def test_a_filter_that_was_only_silent_so_far_is_not_proved_silent() -> None:
    tried = {**SILENT, "certificate": "silent after 9 starts, at a mean pre-activation of -1"}

    layer, _ = summarise_layers([SILENT, tried])

    assert (layer.alive, layer.proved_silent) == (0, 1)


def test_where_all_filters_are_silent_the_medians_of_what_they_lack_are_missing() -> None:
    layer, total = summarise_layers([SILENT, SILENT])

    assert (layer.drawn, layer.alive, layer.proved_silent) == (2, 0, 2)
    assert (layer.robustness, layer.shown_share) == (None, None)
    assert layer.final_activation == 0.0
    assert replace(total, layer=layer.layer) == layer


def test_without_filters_there_is_no_summary() -> None:
    assert summarise_layers([]) == []


# --- the summary in Markdown ---


def test_the_summary_is_a_markdown_table_with_the_total_in_bold() -> None:
    filters = [values_of(replace(RECORD, layer="block1_conv1")), values_of(rank=1)]

    lines = summary_markdown(summarise_layers(filters)).splitlines()

    assert lines == [
        "| layer | drawn | alive | proved silent | activation | robustness | noisiness "
        "| shown / optimised | ranks first |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| block1_conv1 | 1 | 1 | 0 | 200 | 50.0% | 12.5% | 75.0% | 0.0% |",
        "| block3_conv2 | 1 | 1 | 0 | 200 | 50.0% | 12.5% | 75.0% | 100.0% |",
        "| **all layers** | **2** | **2** | **0** | **200** | **50.0%** | **12.5%** | **75.0%** "
        "| **50.0%** |",
    ]


def test_a_missing_median_is_a_dash() -> None:
    layer = summary_markdown(summarise_layers([SILENT])).splitlines()[2]

    assert layer == "| block3_conv2 | 1 | 0 | 1 | 0 | – | 12.5% | – | 0.0% |"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_line_has_as_many_cells_as_the_heading(count: int) -> None:
    filters = [values_of(replace(RECORD, layer=layer.name)) for layer in LAYERS[:count]]

    lines = summary_markdown(summarise_layers(filters)).splitlines()

    assert len(lines) == 2 + (count + 1 if count else 0)
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
