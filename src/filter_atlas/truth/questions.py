"""Which patches the observer's test shows: positives, negatives and exemplars of every filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from filter_atlas.truth.observations import LayerObservations, Patch

POSITIVES = 8
"""Number of photographs, those that fire a filter most, from which its positives are cut."""

EXEMPLARS = 9
"""Number of photographs after these from which natural explanations are cut."""

FEWEST_NEGATIVES = 8
MOST_NEGATIVES = 256
"""Minimum and maximum number of negatives of a filter."""

FEWEST_FILTERS = 16
"""Minimum number of filters of a layer: each is compared with the others."""

FEWEST_PHOTOGRAPHS = 2 * (POSITIVES + EXEMPLARS) + 1
"""Minimum number of photographs: positives and exemplars are above the median, negatives below."""

FEWEST_IN_HALF = 2 * POSITIVES + 1
"""Minimum number of photographs of a half, in which there are no exemplars."""

SMALLEST_PATCH = 16
"""Minimum side of a patch, in pixels."""


@dataclass(frozen=True)
class Question:
    """What the observer is asked about one filter.

    Attributes:
        positives: a patch of each of the photographs that fire it most, strongest first.
        negatives: positives of other filters, in photographs that hardly fire this one, strongest
            first.
        exemplars: a patch of each of the photographs after the positives, strongest first.
    """

    positives: tuple[Patch, ...]
    negatives: tuple[Patch, ...]
    exemplars: tuple[Patch, ...]


def layer_refusal(observed: LayerObservations) -> str | None:
    """Why no filter of a layer can be tested; None if they can."""
    filters, photographs = observed.maxima.shape
    if observed.refusal is not None:
        return f"what its cells see is not known: {observed.refusal}"
    if refusal := refuse_sample(filters, photographs):
        return refusal
    if observed.side < SMALLEST_PATCH:
        return (
            f"its cells see {observed.side} pixels, and an observer needs {SMALLEST_PATCH} or more"
        )
    return None


def refuse_sample(filters: int, photographs: int) -> str | None:
    """Why so few filters of a layer, or photographs, are not enough; None if they are."""
    if filters < FEWEST_FILTERS:
        return f"{filters} filters are drawn, and {FEWEST_FILTERS} are needed"
    if photographs < FEWEST_PHOTOGRAPHS:
        return f"{photographs} photographs were observed, and {FEWEST_PHOTOGRAPHS} are needed"
    return None


@dataclass(frozen=True)
class Questions:
    """The questions about the filters of a layer, by their places.

    Attributes:
        asked: the question about each filter that can be tested.
        refused: why any other filter cannot be tested.
    """

    asked: Mapping[int, Question]
    refused: Mapping[int, str]

    @property
    def refusal(self) -> str | None:
        """Why no filter can be tested; None if they can."""
        if len(self.asked) < FEWEST_FILTERS:
            return f"{len(self.asked)} filters can be tested, and {FEWEST_FILTERS} are needed"
        return None


def ask(observed: LayerObservations, among: Sequence[int] | None = None) -> Questions:
    """The questions about the filters of a layer.

    Args:
        observed: how photographs fire the filters.
        among: places of the photographs that are used; all by default.
    """
    used = np.arange(len(observed.photographs)) if among is None else np.array(among, int)
    maxima = observed.maxima[:, used]
    # Photographs are in the order of their digests, so ties do not depend on how they were found.
    order = np.argsort(-maxima, axis=1, kind="stable")[:, : POSITIVES + EXEMPLARS]
    fires = (maxima > 0).sum(axis=1)
    # The strongest of every filter come first, then the second ones, and so on.
    candidates = [
        (order[place, rank], observed.patch(int(place), int(used[order[place, rank]])))
        for rank in range(POSITIVES)
        for place in np.flatnonzero(fires > rank)
    ]
    is_weak = (maxima < np.median(maxima, axis=1, keepdims=True)) | (maxima == 0)
    asked: dict[int, Question] = {}
    refused: dict[int, str] = {}
    for place in range(len(maxima)):
        if fires[place] < POSITIVES:
            refused[place] = refuse_photographs(int(fires[place]))
            continue
        differing = (patch for photograph, patch in candidates if is_weak[place, photograph])
        negatives = tuple(islice(dict.fromkeys(differing), MOST_NEGATIVES))
        if len(negatives) < FEWEST_NEGATIVES:
            refused[place] = (
                f"{len(negatives)} patches of other filters are in photographs that hardly fire "
                f"it, and {FEWEST_NEGATIVES} are needed"
            )
            continue
        ranked = [observed.patch(place, int(used[one])) for one in order[place, : fires[place]]]
        asked[place] = Question(tuple(ranked[:POSITIVES]), negatives, tuple(ranked[POSITIVES:]))
    return Questions(asked, refused)


def halves(photographs: Sequence[str]) -> tuple[list[int], list[int]]:
    """Two halves of the photographs, by the last bit of their digests.

    So another photograph changes one half, and moves none to the other.
    """
    is_odd = [int(digest[-1], 16) % 2 for digest in photographs]
    return (
        [place for place, odd in enumerate(is_odd) if not odd],
        [place for place, odd in enumerate(is_odd) if odd],
    )


def refuse_photographs(fires: int) -> str:
    """Why a filter that only so many photographs fire cannot be tested."""
    if not fires:
        return "no photograph fires it"
    verb = "photograph fires" if fires == 1 else "photographs fire"
    return f"{fires} {verb} it, and {POSITIVES} are needed"
