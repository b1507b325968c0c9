"""The observer's test of one layer, from the files of a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from filter_atlas.base.errors import (
    WARNING,
    OriginUnavailable,
    WeightsError,
)
from filter_atlas.base.result_file import read_part
from filter_atlas.truth.layer import (
    NOT_TESTED,
    Embedder,
    FilterTest,
    Square,
    score_layer,
    score_pictures,
)
from filter_atlas.truth.observations import LayerObservations
from filter_atlas.truth.patches import observed_side
from filter_atlas.truth.path_similarity import LayerPaths, path_similarities
from filter_atlas.truth.questions import Questions, ask, layer_refusal
from filter_atlas.truth.record import LayerTruth, summarise

SAMPLE = 32
"""Number of filters about which an observer with random weights is asked."""


@dataclass(frozen=True)
class Observers:
    """What judges the pictures of a layer.

    Attributes:
        trained: the observer.
        untrained: the same network with random weights.
        device: the device that computes.
    """

    trained: Embedder
    untrained: Embedder
    device: str


class _Evidence(BaseModel):
    """What the family `evidence` says about a filter; see docs/evidence.md."""

    natural_gap: float | None
    naturally_silent: bool


class _LayerEvidence(BaseModel):
    filters: dict[int, _Evidence]


@dataclass(frozen=True)
class Natural:
    """How pictures compare with photographs, by index of the filter.

    Attributes:
        gaps: activation on the picture over the greatest on any photograph.
        silent: indices of the filters that no photograph fires.
    """

    gaps: Mapping[int, float | None]
    silent: frozenset[int]

    @classmethod
    def from_file(cls, path: Path) -> "Natural":
        """Read the evidence of a layer.

        Raises:
            ResultsError: the file is missing or damaged.
        """
        found = read_part(path, _LayerEvidence, "not the evidence of a layer").filters
        return cls(
            {index: one.natural_gap for index, one in found.items()},
            frozenset(index for index, one in found.items() if one.naturally_silent),
        )


def judge_layer(
    layer: str,
    filters: Sequence[int],
    observed: LayerObservations,
    natural: Natural,
    paths: LayerPaths,
    pictures: Callable[[], Sequence[np.ndarray]],
    square: Square,
    start: Callable[[int], Observers],
    dependent: str | None,
    log: Callable[[str], object],
    observer: str,
    versions: Mapping[str, str],
) -> LayerTruth:
    """Let an observer judge the pictures of a layer.

    Args:
        layer: name of the layer.
        filters: indices of the filters.
        observed: how photographs fire them.
        natural: how their pictures compare with photographs.
        paths: the paths of their pictures, and of photographs.
        pictures: reads their pictures: (height, width, 3) uint8, RGB.
        square: returns what the network saw of a photograph.
        start: makes the observers, for patches of this side. It is called only if there is
            something to ask, since the start of TensorFlow takes seconds.
        dependent: why the observer cannot judge this network; None if it can.
        log: takes one line for the user.
        observer: name of the observer.
        versions: versions of the software, by name.

    Raises:
        ResultsError, PhotoError: a file of the run is missing or damaged.
    """
    side = observed_side(observed.side)
    refusal = dependent or layer_refusal(observed)
    questions = Questions({}, {}) if refusal else ask(observed)
    refusal = refusal or questions.refusal
    found: Observers | None = None
    if not refusal:
        try:
            found = start(side)
        except (OriginUnavailable, WeightsError) as error:
            refusal = f"the observer cannot be had: {error.problem}"
            log(f"{WARNING}truth: {refusal}; pictures are not judged")
    tests: Mapping[int, FilterTest] = {}
    random_scores: list[float] = []
    if found:
        drawn = pictures()
        tests = score_layer(observed, questions, drawn, square, found.trained)
        random_scores = _random_scores(observed, drawn, square, found.untrained)
    similarities = path_similarities(paths, filters, len(observed.photographs))
    return summarise(
        {index: tests.get(place, NOT_TESTED) for place, index in enumerate(filters)},
        {
            index: questions.refused.get(place, refusal or "")
            for place, index in enumerate(filters)
            if place not in tests
        },
        {index: natural.gaps.get(index) for index in filters},
        natural.silent,
        dict(zip(filters, similarities, strict=True)),
        random_scores,
        layer=layer,
        observer=observer,
        refusal=refusal,
        photographs=len(observed.photographs),
        seen=observed.side,
        side=side if found else 0,
        device=found.device if found else "",
        versions=dict(versions),
    )


def _random_scores(
    observed: LayerObservations, drawn: Sequence[np.ndarray], square: Square, untrained: Embedder
) -> list[float]:
    """Scores of the pictures of some filters, evenly spread, by an observer with random weights."""
    count = len(drawn)
    places = np.linspace(0, count - 1, min(SAMPLE, count)).round().astype(int).tolist()
    pictures = [drawn[place] for place in places]
    found = score_pictures(observed.select(places), pictures, square, untrained)
    return [one.value for one in found.values()]
