"""The test of a layer, with a made-up observer and photographs whose answer is known."""

from collections.abc import Callable

import numpy as np
import pytest

from filter_atlas.truth.layer import NATURAL, FilterTest, score_layer, score_pictures
from filter_atlas.truth.questions import ask, halves
from truth_samples import KINDS, Blind, MeanColour, observe, picture

FILTERS, PHOTOGRAPHS = 24, 240


def run(kind_of_picture: Callable[[int], int], observer: object = None) -> dict[int, FilterTest]:
    """Test filters whose pictures show these kinds."""
    observed, kinds = observe(FILTERS, PHOTOGRAPHS)
    pictures = [picture(kind_of_picture(place), 500 + place) for place in range(FILTERS)]

    def square(place: int) -> np.ndarray:
        return picture(int(kinds[place]), place)

    judge = observer or MeanColour()
    return score_layer(observed, ask(observed), pictures, square, judge)  # type: ignore[arg-type]


def mean(tests: dict[int, FilterTest], kind: str) -> float:
    return float(np.mean([one.scores[kind].value for one in tests.values()]))


@pytest.fixture(scope="module")
def honest() -> dict[int, FilterTest]:
    return run(lambda place: place % KINDS)


def test_pictures_that_show_what_fires_their_filters_score_high(
    honest: dict[int, FilterTest],
) -> None:
    assert len(honest) == FILTERS
    assert mean(honest, "picture") > 0.8
    assert all(one.positives == 8 and one.negatives >= 8 for one in honest.values())


def test_more_exemplars_tell_more(honest: dict[int, FilterTest]) -> None:
    means = [mean(honest, kind) for kind in NATURAL]

    assert means[0] < means[1] < means[2] + 0.02


def test_a_picture_and_nine_exemplars_are_one_explanation(honest: dict[int, FilterTest]) -> None:
    swapped = run(lambda place: (place + 1) % KINDS)

    assert mean(honest, "picture_and_nine") > 0.8
    assert mean(swapped, "picture") < mean(swapped, "picture_and_nine")
    assert mean(swapped, "picture_and_nine") < mean(swapped, "nine_exemplars")


def test_swapped_pictures_score_low(honest: dict[int, FilterTest]) -> None:
    swapped = run(lambda place: (place + 1) % KINDS)

    assert mean(swapped, "picture") < 0.5
    assert mean(swapped, "nine_exemplars") == mean(honest, "nine_exemplars")


def test_pictures_of_nothing_score_one_half() -> None:
    nothing = run(lambda place: 100 + place)

    assert mean(nothing, "picture") == pytest.approx(0.5, abs=0.12)


def test_an_observer_that_sees_nothing_finds_one_half() -> None:
    blind = run(lambda place: place % KINDS, Blind())

    assert mean(blind, "picture") == pytest.approx(0.5, abs=0.05)
    assert mean(blind, "nine_exemplars") == pytest.approx(0.5, abs=0.05)


def test_both_halves_of_the_photographs_are_scored(honest: dict[int, FilterTest]) -> None:
    halves = np.array([one.halves for one in honest.values()])

    assert halves.shape == (FILTERS, 2)
    assert (halves.mean(axis=0) > 0.8).all()


def test_without_enough_photographs_in_both_halves_there_is_only_the_whole() -> None:
    observed, kinds = observe(FILTERS, PHOTOGRAPHS)
    one_half = observed.among(halves(observed.photographs)[0])
    pictures = [picture(place % KINDS, 500 + place) for place in range(FILTERS)]

    found = score_layer(
        one_half, ask(one_half), pictures, lambda place: picture(int(kinds[place])), MeanColour()
    )

    assert len(found) >= 16
    assert {one.halves for one in found.values()} == {None}


def test_pictures_alone_have_the_same_scores(honest: dict[int, FilterTest]) -> None:
    observed, kinds = observe(FILTERS, PHOTOGRAPHS)
    pictures = [picture(place % KINDS, 500 + place) for place in range(FILTERS)]

    found = score_pictures(
        observed, pictures, lambda place: picture(int(kinds[place]), place), MeanColour()
    )

    assert found == {place: one.scores["picture"] for place, one in honest.items()}


def test_several_pictures_side_by_side_are_one_explanation(honest: dict[int, FilterTest]) -> None:
    observed, kinds = observe(FILTERS, PHOTOGRAPHS)
    pictures = [
        np.concatenate([picture(place % KINDS, 900 + 10 * place + one) for one in range(4)], axis=1)
        for place in range(FILTERS)
    ]

    found = score_pictures(
        observed, pictures, lambda place: picture(int(kinds[place]), place), MeanColour()
    )

    assert np.mean([one.value for one in found.values()]) > mean(honest, "picture")
