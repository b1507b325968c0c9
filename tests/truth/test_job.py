"""Judging a layer: what is left out, and why; what is flagged; what is written."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from filter_atlas.base.errors import OriginUnavailable, ResultsError
from filter_atlas.truth.job import Natural, Observers, judge_layer
from filter_atlas.truth.observations import LayerObservations
from filter_atlas.truth.record import COLUMNS, LayerTruth, Reliability, flags, markdown, table
from filter_atlas.truth.score import Score
from truth_samples import KINDS, Blind, MeanColour, observe, picture, sample_paths

FILTERS, PHOTOGRAPHS = 24, 240
INDICES = [2 * place for place in range(FILTERS)]


def start(side: int) -> Observers:
    return Observers(MeanColour(), Blind(), "CPU")


def fail(side: int) -> Observers:
    raise AssertionError("the observer was started for nothing")


def judge(
    observed: LayerObservations | None = None,
    kind_of_picture: Callable[[int], int] = lambda place: place % KINDS,
    start: Callable[[int], Observers] = start,
    log: Callable[[str], object] = print,
    gaps: Mapping[int, float | None] | None = None,
    **changes: Any,
) -> LayerTruth:
    known, kinds = observe(FILTERS, PHOTOGRAPHS)
    arguments: dict[str, Any] = {
        "layer": "block4_conv1",
        "filters": INDICES,
        "observed": known if observed is None else observed,
        "natural": Natural(gaps or dict.fromkeys(INDICES, 1.5), frozenset()),
        "paths": sample_paths(INDICES),
        "pictures": lambda: [
            picture(kind_of_picture(place), 500 + place) for place in range(FILTERS)
        ],
        "square": lambda place: picture(int(kinds[place]), place),
        "start": start,
        "dependent": None,
        "log": log,
        "observer": "efficientnet_lite0",
        "versions": {"filter_atlas": "1"},
        **changes,
    }  # fmt: skip
    return judge_layer(**arguments)


@pytest.fixture(scope="module")
def judged() -> LayerTruth:
    return judge()


def test_scores_come_with_their_controls(judged: LayerTruth) -> None:
    assert judged.refusal is None
    assert judged.means["picture"].low > 0.7
    assert judged.control
    assert judged.is_sound
    assert judged.random_observer
    assert judged.random_observer.low < 0.5 < judged.random_observer.high
    assert judged.reliability
    assert judged.advantage
    assert list(judged.filters) == INDICES


def test_the_record_reads_back_exactly(judged: LayerTruth, tmp_path: Path) -> None:
    path = tmp_path / "block4_conv1.json"
    path.write_bytes(judged.to_json())

    assert LayerTruth.from_file(path) == judged
    assert LayerTruth.from_file(path).to_json() == judged.to_json() == judge().to_json()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dependent": "the observer is the network"}, "the observer is the network"),
        (
            {
                "filters": INDICES[:5],
                "observed": observe(5, PHOTOGRAPHS)[0],
                "paths": sample_paths(INDICES[:5]),
            },
            "5 filters are drawn",
        ),
        ({"observed": observe(FILTERS, 30)[0]}, "30 photographs were observed"),
    ],
)
def test_what_cannot_be_asked_is_left_out_without_starting_the_observer(
    changes: dict[str, Any], reason: str
) -> None:
    found = judge(start=fail, **changes)

    assert found.refusal
    assert reason in found.refusal
    assert {each.refusal for each in found.filters.values()} == {found.refusal}
    assert not any(each.scores or each.control or each.halves for each in found.filters.values())
    assert (found.means, found.control, found.side) == ({}, None, 0)
    assert f"left out: {found.refusal}" in markdown([found])


def test_path_similarity_needs_no_observer(judged: LayerTruth) -> None:
    left_out = judge(start=fail, dependent="the observer is the network")

    values = [each.path_similarity for each in judged.filters.values()]
    assert None not in values
    assert judged.median_path_similarity == np.median(values)  # type: ignore[arg-type]
    assert [each.path_similarity for each in left_out.filters.values()] == values
    assert f"| {left_out.median_path_similarity:.2f} | |" in markdown([left_out])


def test_a_path_similarity_that_is_left_out_has_its_reason() -> None:
    paths = sample_paths(INDICES)
    paths.patches[3] = 0

    found = judge(paths=paths)

    one = found.filters[INDICES[3]]
    assert (one.path_similarity, one.path_refusal) == (None, "no photograph fires it")
    row = list(csv.DictReader(table([found]).decode().splitlines()))[3]
    assert (row["path_similarity"], row["path_left_out"]) == ("", "no photograph fires it")
    assert found.median_path_similarity is not None


def test_an_observer_that_cannot_be_had_ends_no_run() -> None:
    lines: list[str] = []

    def unavailable(side: int) -> Observers:
        raise OriginUnavailable("package: no connection", "check the proxy")

    found = judge(start=unavailable, log=lines.append)

    assert found.refusal == "the observer cannot be had: package: no connection"
    assert lines == [f"Warning: truth: {found.refusal}; pictures are not judged"]


def test_a_single_filter_is_left_out_with_its_reason() -> None:
    observed, _ = observe(FILTERS, PHOTOGRAPHS)
    observed.maxima[3] = 0

    found = judge(observed, natural=Natural(dict.fromkeys(INDICES), frozenset([INDICES[3]])))

    silent = found.filters[INDICES[3]]
    assert (silent.refusal, silent.scores, silent.flags) == (
        "no photograph fires it",
        {},
        ("silent",),
    )
    assert found.means["picture"].filters == FILTERS - 1
    assert found.refusal is None


@pytest.mark.parametrize(
    ("silent", "gap", "score", "expected"),
    [
        (False, 1.5, Score(0.8, 0.1), ()),
        (True, None, None, ("silent",)),
        (False, 3.1, Score(0.8, 0.1), ("beyond_photographs",)),
        (False, 1.5, Score(0.5, 0.1), ("tells_nothing",)),
        (False, 9.0, Score(0.2, 0.1), ("beyond_photographs", "tells_nothing")),
        (False, None, None, ()),
    ],
)
def test_flags(
    silent: bool, gap: float | None, score: Score | None, expected: tuple[str, ...]
) -> None:
    assert flags(silent, gap, 1.5, score) == expected


def test_a_control_that_is_not_one_half_is_said() -> None:
    found = judge()
    object.__setattr__(found.control, "value", 0.53)

    assert not found.is_sound
    assert "0.530: **not 0.50 ± 0.02**" in markdown([found])


def test_halves_that_disagree_have_no_reliability_as_a_whole() -> None:
    up = [(one / 20, one / 20) for one in range(20)]
    down = [(one / 20, 1 - one / 20) for one in range(20)]

    agree, disagree = Reliability.of_halves(up), Reliability.of_halves(down)

    assert agree
    assert (agree.correlation, agree.whole) == pytest.approx((1, 1))
    assert disagree
    assert disagree.whole is None
    assert Reliability.of_halves(up[:10]) is None
    assert Reliability.of_halves([(0.5, 0.5)] * 20) is None


def test_the_table_has_a_row_for_every_filter(judged: LayerTruth) -> None:
    left_out = judge(start=fail, dependent="the observer is the network")

    rows = list(csv.DictReader(table([judged, left_out]).decode().splitlines()))

    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == 2 * FILTERS
    assert float(rows[0]["picture"]) == judged.filters[0].scores["picture"].value
    assert rows[-1]["left_out"] == "the observer is the network"
    assert rows[-1]["picture"] == ""


def test_evidence_that_is_damaged_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "layer.json").write_text("{}")

    with pytest.raises(ResultsError, match="not the evidence of a layer; delete it and run again"):
        Natural.from_file(tmp_path / "layer.json")


def test_scores_are_never_surer_than_their_patches(judged: LayerTruth) -> None:
    errors = [each.scores["picture"].error for each in judged.filters.values()]

    assert np.min(errors) > 0.05
