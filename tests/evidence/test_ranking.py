"""The order of photographs for every filter, whichever way they were observed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.base.errors import ResultsError
from filter_atlas.evidence import ranking
from filter_atlas.evidence.observations import (
    BINS,
    ROW,
    Chunk,
    ChunkRecord,
    LayerLayout,
    Layout,
)
from filter_atlas.evidence.ranking import HISTOGRAM, STRONGEST, TOP, Ranking
from filter_atlas.evidence.record import FilterEvidence, LayerEvidence
from filter_atlas.networks.receptive_field import ReceptiveField
from filter_atlas.readers.scaled_photograph import Placement

FILTERS, CELLS = 12, 8
FIELD = ReceptiveField.of_picture(16).window((4, 4), (2, 2), padding="same")
LAYERS = {
    "before": LayerLayout(3, (2, 2), refusal="never asked"),
    "layer": LayerLayout.of_layer(FILTERS, (CELLS, CELLS), FIELD),
}
LAYOUT = Layout(16, LAYERS, "weights", {"numpy": "2"})
PLACEMENT = Placement((40, 20), (36, 18), (10, 1))


def observed(maxima: np.ndarray, seed: int = 0) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Observations with these greatest activations: (photographs, FILTERS)."""
    random = np.random.RandomState(seed)
    count = len(maxima)
    rows = np.zeros((3 + FILTERS, count), ROW)
    rows["maximum"][3:] = maxima.T
    rows["cell"][3:] = random.randint(0, CELLS * CELLS, (FILTERS, count))
    rows["mean"][3:] = maxima.T / 7
    counts = random.randint(0, 9, (count, 3 + FILTERS, BINS))
    return [f"{number:064x}" for number in range(count)], rows, counts


def chunked(
    observations: tuple[list[str], np.ndarray, np.ndarray], groups: Sequence[Sequence[int]]
) -> list[Chunk]:
    """The same observations, in chunks of these photographs."""
    digests, rows, counts = observations
    return [
        Chunk(
            ChunkRecord(LAYOUT, {digests[one]: PLACEMENT for one in group}, {}, ("cpu",)),
            rows[:, list(group)],
            counts[list(group)].sum(axis=0),
        )
        for group in groups
    ]


def rank(maxima: np.ndarray, pictures: dict[int, float] | None = None) -> LayerEvidence:
    chunks = chunked(observed(maxima), [range(len(maxima))])
    return Ranking(chunks).rank("layer", range(FILTERS), pictures or {}, "code")[0]


def one(maxima: Sequence[float], picture: float | None = None) -> FilterEvidence:
    """The evidence of one filter with these greatest activations."""
    column = np.zeros((len(maxima), FILTERS), np.float32)
    column[:, 5] = maxima
    return rank(column, {5: picture} if picture is not None else {}).filters[5]


@given(count=st.integers(1, 40), data=st.data())
def test_chunks_of_any_size_in_any_order_change_no_byte(count: int, data: st.DataObject) -> None:
    random = np.random.RandomState(count)
    observations = observed(random.randint(0, 5, (count, FILTERS)).astype(np.float32), count)
    order = data.draw(st.permutations(range(count)))
    cuts = sorted(data.draw(st.sets(st.integers(1, count), max_size=5)) | {0, count})
    groups = [order[first:last] for first, last in pairwise(cuts)]

    whole = Ranking(chunked(observations, [range(count)])).rank("layer", range(FILTERS), {}, "")
    parts = Ranking(chunked(observations, groups)).rank("layer", range(FILTERS), {}, "")

    assert whole[0].to_json() == parts[0].to_json()
    np.testing.assert_array_equal(whole[1].filters, parts[1].filters)
    np.testing.assert_array_equal(whole[1].shares, parts[1].shares)


def test_little_memory_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    maxima = np.random.RandomState(0).rand(30, FILTERS).astype(np.float32)
    chunks = chunked(observed(maxima), [range(0, 17), range(17, 30)])
    before = Ranking(chunks).rank("layer", range(FILTERS), {}, "")
    monkeypatch.setattr(ranking, "MEMORY", 1)

    after = Ranking(chunks).rank("layer", range(FILTERS), {}, "")

    assert before[0].to_json() == after[0].to_json()
    np.testing.assert_array_equal(before[1].filters, after[1].filters)


def test_the_nine_strongest_come_first_and_equal_ones_in_the_order_of_their_digests() -> None:
    column = np.zeros((12, FILTERS), np.float32)
    column[:, 5] = [3, 5, 1, 5, 0, 2, 4, 4, 1, 1, 1, 9]

    layer = rank(column)

    evidence = layer.filters[5]
    photographs = [int(layer.photographs[patch.photograph], 16) for patch in evidence.top]
    assert photographs == [11, 1, 3, 6, 7, 0, 5, 2, 8]
    assert [patch.activation for patch in evidence.top] == [9, 5, 5, 4, 4, 3, 2, 1, 1]
    assert len(evidence.top) == TOP
    assert (evidence.silent, evidence.greatest) == (1, 9)


def test_bands_are_around_their_percentiles_and_hold_no_photograph_of_the_top() -> None:
    evidence = one([float(100 - place) for place in range(101)])

    assert [patch.activation for patch in evidence.p90] == [91, 90, 89]
    assert [patch.activation for patch in evidence.p50] == [51, 50, 49]
    assert (evidence.p90_activation, evidence.p50_activation) == (90, 50)
    assert [len(band) for band in (one(range(9)).p90, one(range(9)).p50)] == [0, 0]


def test_silent_photographs_have_no_patch_and_are_counted_apart() -> None:
    evidence = one([0.0] * 30 + [1.0, 2.0, 40.0])

    assert [patch.activation for patch in evidence.top] == [40, 2, 1]
    assert evidence.p50 == ()
    assert (evidence.silent, evidence.silent_share) == (30, 30 / 33)
    assert sum(evidence.maxima) == 3
    assert [evidence.maxima[place] for place in (1, 2, HISTOGRAM - 1)] == [1, 1, 1]
    assert not evidence.naturally_silent


def test_a_filter_that_no_photograph_fires_is_naturally_silent() -> None:
    evidence = one([0.0, 0.0], picture=7.5)

    assert evidence.naturally_silent
    assert (evidence.natural_gap, evidence.picture, evidence.top) == (None, 7.5, ())


def test_the_natural_gap_is_the_picture_over_the_best_photograph() -> None:
    assert one([2.0, 4.0], picture=6.0).natural_gap == 1.5
    assert one([2.0, 4.0]).natural_gap is None
    assert one([2.0, 4.0], picture=0.0).natural_gap == 0


def test_a_patch_is_what_its_cell_sees_in_the_scaled_photograph() -> None:
    maxima = np.ones((4, FILTERS), np.float32)
    _, rows, _ = observed(maxima)

    evidence = rank(maxima)

    for filter, each in evidence.filters.items():
        for patch in each.top:
            row, column = divmod(int(rows["cell"][3 + filter, patch.photograph]), CELLS)
            assert patch.cell == (row, column)
            left, top, right, bottom = FIELD.box(row, column)
            assert patch.box == (left + 10, top + 1, right + 10, bottom + 1)
            assert patch.clipped == FIELD.is_clipped(row, column)


def test_without_a_known_field_there_is_no_box() -> None:
    chunks = chunked(observed(np.ones((2, FILTERS), np.float32)), [range(2)])
    for chunk in chunks:
        chunk.rows["maximum"][:3] = 1

    evidence, _ = Ranking(chunks).rank("before", range(3), {}, "")

    assert evidence.refusal == "never asked"
    assert {patch.box for each in evidence.filters.values() for patch in each.top} == {None}


def test_a_photograph_names_the_filters_that_it_fires_most_compared_with_others() -> None:
    maxima = np.zeros((2, FILTERS), np.float32)
    maxima[0] = np.arange(FILTERS)
    maxima[1] = [0, 1, 4, 0, 8, 5, 0, 0, 0, 0, 0, 22]

    _, strongest = Ranking(chunked(observed(maxima), [range(2)])).rank(
        "layer", range(FILTERS), {}, ""
    )

    assert strongest.filters[0].tolist() == [1, 3, 5, 6, 7, 8, 9, 10]
    assert strongest.shares[0].tolist() == [1] * STRONGEST
    assert strongest.filters[1].tolist() == [1, 2, 4, 5, 11, -1, -1, -1]
    assert strongest.shares[1].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]


def test_evidence_reads_back_as_it_was_written(tmp_path: object) -> None:
    evidence = rank(np.random.RandomState(0).rand(20, FILTERS).astype(np.float32), {0: 3.25})
    file = tmp_path / "layer.json"  # type: ignore[operator]
    file.write_bytes(evidence.to_json())

    assert LayerEvidence.from_file(file) == evidence
    greatest = np.array([each.greatest for each in evidence.filters.values()], np.float32)
    maxima = np.random.RandomState(0).rand(20, FILTERS).astype(np.float32)
    np.testing.assert_array_equal(greatest, maxima.max(axis=0))


def test_observations_of_different_networks_are_not_merged() -> None:
    maxima = np.ones((2, FILTERS), np.float32)
    first, second = chunked(observed(maxima), [[0], [1]])
    other = Layout(16, LAYERS, "other weights", {"numpy": "2"})
    record = ChunkRecord(other, second.record.photographs, {}, ("cpu",))

    with pytest.raises(ResultsError, match="different networks"):
        Ranking([first, second._replace(record=record)])
