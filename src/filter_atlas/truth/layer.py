"""The observer's test of all filters of one layer."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import numpy as np

from filter_atlas.truth.observations import LayerObservations, Patch
from filter_atlas.truth.patches import cut_photographs, cut_picture
from filter_atlas.truth.questions import (
    EXEMPLARS,
    FEWEST_FILTERS,
    FEWEST_IN_HALF,
    Question,
    Questions,
    ask,
    halves,
)
from filter_atlas.truth.score import (
    Explanations,
    Score,
    combine,
    normalise,
    own_direction,
    prepare_explanations,
    score,
    similarities,
    standardise,
)

PICTURE = "picture"

NATURAL = {"one_exemplar": 1, "four_exemplars": 4, "nine_exemplars": EXEMPLARS}
"""The explanations that consist of natural patches, and the number of patches of each."""

NINE = "nine_exemplars"

TOGETHER = "picture_and_nine"
"""The explanation that consists of the picture and nine natural patches, which count alike."""

KINDS = (PICTURE, *NATURAL, TOGETHER)
"""All kinds of explanations."""

CONTROLS = 8
"""Number of other filters whose pictures take the place of a filter's own, as a control."""

Square = Callable[[int], np.ndarray]
"""Returns what the network saw of a photograph, by its place: (size, size, 3) uint8, RGB."""


class Embedder(Protocol):
    """What turns patches into numbers; see `observer.Observer`."""

    side: int
    stages: Sequence[int]

    def embed(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        """The embeddings of patches: (patches, numbers) float32."""


@dataclass(frozen=True)
class FilterTest:
    """The results of the test for one filter.

    Attributes:
        scores: the score of every kind of explanation that could be tested.
        control: mean score of other filters' pictures; None if the filter was not tested.
        halves: scores of the picture on two halves of the photographs; None if one of them has too
            few that fire the filter.
        positives, negatives: number of patches that the observer was asked about.
    """

    scores: Mapping[str, Score] = field(default_factory=dict)
    control: float | None = None
    halves: tuple[float, float] | None = None
    positives: int = 0
    negatives: int = 0


NOT_TESTED = FilterTest()
"""The results of a filter that was not tested."""


def score_layer(
    observed: LayerObservations,
    questions: Questions,
    pictures: Sequence[np.ndarray],
    square: Square,
    observer: Embedder,
) -> dict[int, FilterTest]:
    """Score how much explanations of a layer's filters tell an observer.

    Args:
        observed: how photographs fire the filters.
        questions: the questions about them, of which there are enough.
        pictures: the picture of each filter, (height, width, 3) uint8, RGB.
        square: returns what the network saw of a photograph.
        observer: the observer.

    Returns:
        The results of every filter that can be tested, by its place.
    """
    asked = questions.asked
    by_half = _questions_of_halves(observed, asked)
    wanted = chain(
        *(_queries(some) for some in (asked, *by_half)),
        *(question.exemplars for question in asked.values()),
    )
    embedded = _embed_photographs(wanted, observed, square, observer)
    shown = _embed_pictures(asked, observed, pictures, observer)
    queries = _Queries(asked, embedded, observer)
    pictured = _prepared(shown, observer)
    scores = {PICTURE: _scores(queries, shown, pictured)}
    for kind, count in NATURAL.items():
        natural = {
            place: np.stack([embedded[patch] for patch in question.exemplars[:count]])
            for place, question in asked.items()
            if len(question.exemplars) >= count
        }
        if len(natural) >= FEWEST_FILTERS:
            patches = _prepared(natural, observer)
            scores[kind] = _scores(queries, natural, patches)
            if kind == NINE:
                pictures_of_these = _prepared({place: shown[place] for place in natural}, observer)
                together = combine(pictures_of_these, patches, observer.stages)
                scores[TOGETHER] = _scores(queries, natural, together)
    controls = _controls(queries, shown, pictured)
    first, second = (_scores_of_half(half, embedded, shown, observer) for half in by_half)
    return {
        place: FilterTest(
            {kind: found[place] for kind, found in scores.items() if place in found},
            controls[place],
            (first[place].value, second[place].value) if place in first else None,
            len(question.positives),
            len(question.negatives),
        )
        for place, question in asked.items()
    }


def score_pictures(
    observed: LayerObservations,
    pictures: Sequence[np.ndarray],
    square: Square,
    observer: Embedder,
) -> dict[int, Score]:
    """Score pictures alone; arguments are those of `score_layer`.

    Returns:
        The score of every filter that can be tested, by its place; nothing if they are too few.
    """
    questions = ask(observed)
    if questions.refusal:
        return {}
    asked = questions.asked
    embedded = _embed_photographs(_queries(asked), observed, square, observer)
    shown = _embed_pictures(asked, observed, pictures, observer)
    return _scores(_Queries(asked, embedded, observer), shown, _prepared(shown, observer))


def _questions_of_halves(
    observed: LayerObservations, asked: Mapping[int, Question]
) -> list[dict[int, Question]]:
    """The questions of both halves about filters that can be tested in both; {} if too few."""
    parts = halves(observed.photographs)
    if min(map(len, parts)) < FEWEST_IN_HALF:
        return [{}, {}]
    found = [ask(observed, half).asked for half in parts]
    places = sorted(asked.keys() & found[0].keys() & found[1].keys())
    if len(places) < FEWEST_FILTERS:
        return [{}, {}]
    return [{place: half[place] for place in places} for half in found]


class _Queries:
    """The patches about which an observer is asked, as it sees them.

    Args:
        asked: the questions by the places of their filters.
        embedded: the embeddings of patches.
        observer: the observer.
    """

    def __init__(
        self,
        asked: Mapping[int, Question],
        embedded: Mapping[Patch, np.ndarray],
        observer: Embedder,
    ) -> None:
        self._asked = asked
        patches = list(dict.fromkeys(_queries(asked)))
        self._rows = {patch: row for row, patch in enumerate(patches)}
        numbers = np.stack([embedded[patch] for patch in patches])
        self._vectors = normalise(standardise(numbers), observer.stages)

    def score(self, place: int, direction: np.ndarray) -> Score:
        """The score of an explanation of a filter."""
        question = self._asked[place]
        return score(
            similarities(self._of(question.positives), direction),
            similarities(self._of(question.negatives), direction),
        )

    def _of(self, patches: Sequence[Patch]) -> np.ndarray:
        vectors: np.ndarray = self._vectors[[self._rows[patch] for patch in patches]]
        return vectors


def _queries(asked: Mapping[int, Question]) -> Iterable[Patch]:
    for question in asked.values():
        yield from question.positives
        yield from question.negatives


def _prepared(embeddings: Mapping[int, np.ndarray], observer: Embedder) -> Explanations:
    """Explanations, from the embeddings of their patches by the places of their filters."""
    return prepare_explanations(np.stack(list(embeddings.values())), observer.stages)


def _scores(
    queries: _Queries, places: Iterable[int], explanations: Explanations
) -> dict[int, Score]:
    """The scores of explanations, by the places of their filters."""
    return {
        place: queries.score(place, own_direction(explanations, row))
        for row, place in enumerate(places)
    }


def _scores_of_half(
    half: Mapping[int, Question],
    embedded: Mapping[Patch, np.ndarray],
    shown: Mapping[int, np.ndarray],
    observer: Embedder,
) -> dict[int, Score]:
    """The scores of pictures on half of the photographs; {} if it has no questions."""
    if not half:
        return {}
    pictured = _prepared({place: shown[place] for place in half}, observer)
    return _scores(_Queries(half, embedded, observer), half, pictured)


def _controls(
    queries: _Queries, places: Collection[int], explanations: Explanations
) -> dict[int, float]:
    """Mean score of the explanations of the next filters, in place of a filter's own."""

    def of_next(place: int, row: int, step: int) -> float:
        other = (row + step) % len(places)
        return queries.score(place, own_direction(explanations, other, row)).value

    return {
        place: float(np.mean([of_next(place, row, step) for step in range(1, CONTROLS + 1)]))
        for row, place in enumerate(places)
    }


def _embed_photographs(
    wanted: Iterable[Patch], observed: LayerObservations, square: Square, observer: Embedder
) -> dict[Patch, np.ndarray]:
    embedded: dict[Patch, np.ndarray] = {}
    for patches, tiles in cut_photographs(wanted, square, observed.side, observer.side):
        embedded.update(zip(patches, observer.embed(tiles), strict=True))
    return embedded


def _embed_pictures(
    places: Iterable[int],
    observed: LayerObservations,
    pictures: Sequence[np.ndarray],
    observer: Embedder,
) -> dict[int, np.ndarray]:
    """The embeddings of the parts of pictures: (parts, numbers) each, by place."""
    parts = {place: cut_picture(pictures[place], observed.side, observer.side) for place in places}
    rows = iter(observer.embed(list(chain.from_iterable(parts.values()))))
    return {place: np.stack([next(rows) for _ in tiles]) for place, tiles in parts.items()}
