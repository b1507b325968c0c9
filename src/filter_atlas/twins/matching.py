"""From answers to twins, and from twins to groups.

A filter's *score* on another one's picture in some turn is its activation there as a share of its
activation on its own picture. Two filters are *twins* by a turn if, among all pictures turned so,
each is the other's best (the one by the turn, the other by its inverse), both scores reach a
threshold, and the turn matters: as they stand, the pictures score clearly less. Without that, two
filters for one colour would be twins by every turn. A filter may have several twins, one by each
turn: a pattern in four rotations makes four filters that are all each other's twins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filter_atlas.twins.turn import SAME, Turn

UNTURNED = 0.8
"""Scores of the pictures as they stand, at most, as a share of twins' score."""


@dataclass(frozen=True)
class Twins:
    """A pair of twins.

    Attributes:
        filter: index of the one with the lower index.
        twin: index of the other.
        turn: how the twin's picture is turned to be the filter's.
        score: the lower one of both scores.
    """

    filter: int
    twin: int
    turn: Turn
    score: float


def scores(answers: np.ndarray, turns: Sequence[Turn]) -> np.ndarray:
    """Answers as shares of each filter's answer to its own picture as it stands.

    Args:
        answers: (turns, filters, filters), from `answers.answers`.
        turns: the turns, `SAME` among them.

    Returns:
        The same shape, float32. A filter that is silent on its own picture scores 0 everywhere.
    """
    own = np.diagonal(answers[list(turns).index(SAME)])
    awake = np.where(own > 0, own, np.inf)
    shares: np.ndarray = (answers / awake[np.newaxis, :, np.newaxis]).astype(np.float32)
    return shares


def twins(
    scores: np.ndarray, turns: Sequence[Turn], filters: Sequence[int], threshold: float
) -> list[Twins]:
    """Find all twins among the filters of a layer, strongest first.

    Of several turns by which the same two are twins, all are given.

    Args:
        scores: (turns, filters, filters), from `scores`.
        turns: the turns; with each of them its inverse. `SAME` makes no twins.
        filters: the filters' indices.
        threshold: the lowest score that counts.
    """
    if len(filters) < 2:
        return []
    place = {turn: index for index, turn in enumerate(turns)}
    others = np.where(np.eye(len(filters), dtype=bool), -1.0, scores)
    best = others.argmax(axis=2)
    unturned = others[place[SAME]]
    found = []
    for turn in turns:
        if turn == SAME:
            continue
        there, back = place[turn], place[turn.inverse]
        for one, other in enumerate(best[there]):
            if one < other and best[back, other] == one:
                score = float(min(others[there, one, other], others[back, other, one]))
                as_they_stand = max(unturned[one, other], unturned[other, one])
                if score >= threshold and as_they_stand <= UNTURNED * score:
                    found.append(Twins(filters[one], filters[other], turn, score))
    return sorted(found, key=lambda pair: (-pair.score, pair.filter, pair.twin))


def groups(pairs: Sequence[Twins], filters: Sequence[int]) -> list[list[int]]:
    """Filters that are one but for turns: the connected components of the twins, in order.

    Filters without a twin are groups of one. So the number of groups is the number of filters that
    would remain if rotations and mirrors were free.
    """
    leader = {filter: filter for filter in filters}

    def first(filter: int) -> int:
        while leader[filter] != filter:
            filter = leader[filter]
        return filter

    for pair in pairs:
        one, other = sorted((first(pair.filter), first(pair.twin)))
        leader[other] = one
    gathered: dict[int, list[int]] = {}
    for filter in sorted(filters):
        gathered.setdefault(first(filter), []).append(filter)
    return list(gathered.values())
