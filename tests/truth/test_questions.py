"""Which patches the observer is asked about, and which filters are left out."""

from dataclasses import replace

import numpy as np
import pytest

from filter_atlas.truth.observations import LayerObservations
from filter_atlas.truth.questions import (
    EXEMPLARS,
    FEWEST_FILTERS,
    MOST_NEGATIVES,
    POSITIVES,
    ask,
    halves,
    layer_refusal,
)
from truth_samples import observe


@pytest.fixture
def observed() -> LayerObservations:
    return observe(filters=24, photographs=120)[0]


def with_maxima(observed: LayerObservations, place: int, values: np.ndarray) -> LayerObservations:
    maxima = observed.maxima.copy()
    maxima[place] = values
    return replace(observed, maxima=maxima)


def test_positives_are_of_the_strongest_photographs_and_exemplars_of_the_next(
    observed: LayerObservations,
) -> None:
    for place, question in ask(observed).asked.items():
        order = np.argsort(-observed.maxima[place]).tolist()

        assert [patch.photograph for patch in question.positives] == order[:POSITIVES]
        assert [patch.photograph for patch in question.exemplars] == (
            order[POSITIVES : POSITIVES + EXEMPLARS]
        )
        assert question.positives[0] == observed.patch(place, order[0])


def test_negatives_fire_other_filters_in_photographs_that_hardly_fire_this_one(
    observed: LayerObservations,
) -> None:
    asked = ask(observed).asked
    positives = {patch for question in asked.values() for patch in question.positives}

    for place, question in asked.items():
        medians = np.median(observed.maxima[place])
        assert set(question.negatives) <= positives - set(question.positives)
        assert all(
            observed.maxima[place, patch.photograph] < medians for patch in question.negatives
        )
        assert len(set(question.negatives)) == len(question.negatives) <= MOST_NEGATIVES


def test_no_photograph_is_on_both_sides(observed: LayerObservations) -> None:
    """Else an explanation from a photograph would explain the photograph, and not the filter."""
    for question in ask(observed).asked.values():
        sides = [
            {patch.photograph for patch in side}
            for side in (question.positives, question.negatives, question.exemplars)
        ]
        assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def test_the_strongest_patches_of_other_filters_come_first(observed: LayerObservations) -> None:
    question = ask(observed).asked[0]
    strongest = {observed.patch(place, int(observed.maxima[place].argmax())) for place in range(24)}

    ranks = [patch in strongest for patch in question.negatives]

    assert ranks == sorted(ranks, reverse=True)
    assert any(ranks)


@pytest.mark.parametrize(
    ("fires", "reason"),
    [
        (0, "no photograph fires it"),
        (1, "1 photograph fires it, and 8 are needed"),
        (7, "7 photographs fire it, and 8 are needed"),
    ],
)
def test_a_filter_that_few_photographs_fire_is_left_out(
    observed: LayerObservations, fires: int, reason: str
) -> None:
    values = np.zeros(120, np.float32)
    values[:fires] = 1

    found = ask(with_maxima(observed, 3, values))

    assert found.refused == {3: reason}
    assert 3 not in found.asked


def test_a_rare_filter_has_as_many_exemplars_as_photographs_that_fire_it(
    observed: LayerObservations,
) -> None:
    values = np.zeros(120, np.float32)
    values[:12] = np.arange(12, 0, -1)

    question = ask(with_maxima(observed, 3, values)).asked[3]

    assert [patch.photograph for patch in question.exemplars] == [8, 9, 10, 11]
    assert all(patch.photograph >= 12 for patch in question.negatives)


def test_filters_that_all_fire_for_the_same_photographs_are_left_out(
    observed: LayerObservations,
) -> None:
    everywhere = replace(observed, maxima=np.tile(np.arange(120, dtype=np.float32), (24, 1)))
    assert set(ask(everywhere).refused.values()) == {
        "0 patches of other filters are in photographs that hardly fire it, and 8 are needed"
    }


def test_equal_activations_are_in_the_order_of_the_digests(observed: LayerObservations) -> None:
    values = np.zeros(120, np.float32)
    values[50:80] = 1

    question = ask(with_maxima(observed, 3, values)).asked[3]

    assert [patch.photograph for patch in question.positives] == list(range(50, 58))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"refusal": "a layer of your own"},
            "what its cells see is not known: a layer of your own",
        ),
        ({"side": 10}, "its cells see 10 pixels, and an observer needs 16 or more"),
    ],
)
def test_a_layer_is_left_out_with_the_reason(
    observed: LayerObservations, change: dict[str, object], reason: str
) -> None:
    assert layer_refusal(observed) is None
    assert layer_refusal(replace(observed, **change)) == reason  # type: ignore[arg-type]


def test_few_filters_or_photographs_leave_a_layer_out(observed: LayerObservations) -> None:
    few = observed.select(range(FEWEST_FILTERS - 1))

    assert layer_refusal(few) == "15 filters are drawn, and 16 are needed"
    assert layer_refusal(observed.among(range(34))) == (
        "34 photographs were observed, and 35 are needed"
    )


def test_another_photograph_moves_none_to_the_other_half() -> None:
    digests = [f"{place:064x}" for place in (1, 4, 7, 9, 12)]

    first, second = halves(digests)

    assert ([digests[place] for place in first], [digests[place] for place in second]) == (
        [digests[1], digests[4]], [digests[0], digests[2], digests[3]]
    )  # fmt: skip
    assert halves([*digests, f"{16:064x}"]) == ([*first, 5], second)
