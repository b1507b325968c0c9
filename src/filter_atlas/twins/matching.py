"""From cross-activations to twins, and from twins to groups.

A filter's *score* on the picture of another filter, under some symmetry, is its activation on that
picture as a share of its activation on its own picture. Two filters are *twins* under a symmetry if

- each scores best on the other's picture, among all pictures: one under the symmetry, the other
  under its inverse;
- both scores reach a threshold;
- the symmetry matters: the unchanged pictures score clearly less. Without this condition, two
  filters of the same colour would be twins under every symmetry.

A filter can have several twins, one under each symmetry: four filters that look for one pattern in
four rotations are all twins of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filter_atlas.base.rotations import IDENTITY, Symmetry

UNCHANGED = 0.8
"""Maximum score of the unchanged pictures, as a share of the twins' score."""


@dataclass(frozen=True)
class Twins:
    """A pair of twins.

    Attributes:
        filter: index of the filter with the lower index.
        twin: index of the other filter.
        symmetry: the symmetry that changes the twin's picture into the filter's.
        score: the lower of both scores.
    """

    filter: int
    twin: int
    symmetry: Symmetry
    score: float


def scores(cross_activations: np.ndarray, symmetries: Sequence[Symmetry]) -> np.ndarray:
    """Cross-activations as shares of each filter's activation on its own, unchanged picture.

    Args:
        cross_activations: (symmetries, filters, filters), from `cross_activations`.
        symmetries: the symmetries; `IDENTITY` is one of them.

    Returns:
        The same shape, float32. A filter that is silent on its own picture scores 0 everywhere.
    """
    own = np.diagonal(cross_activations[list(symmetries).index(IDENTITY)])
    divisor = np.where(own > 0, own, np.inf)
    shares: np.ndarray = (cross_activations / divisor[np.newaxis, :, np.newaxis]).astype(np.float32)
    return shares


def twins(
    scores: np.ndarray, symmetries: Sequence[Symmetry], filters: Sequence[int], threshold: float
) -> list[Twins]:
    """Find all twins among the filters of a layer, strongest first.

    Two filters that are twins under several symmetries appear once for each.

    Args:
        scores: (symmetries, filters, filters), from `scores`.
        symmetries: the symmetries, each with its inverse. `IDENTITY` makes no twins.
        filters: the filters' indices.
        threshold: the lowest score of twins.
    """
    if len(filters) < 2:
        return []
    position = {symmetry: index for index, symmetry in enumerate(symmetries)}
    others = np.where(np.eye(len(filters), dtype=bool), -1.0, scores)
    best = others.argmax(axis=2)
    unchanged = others[position[IDENTITY]]
    found = []
    for symmetry in symmetries:
        if symmetry == IDENTITY:
            continue
        there, back = position[symmetry], position[symmetry.inverse]
        for first, second in enumerate(best[there]):
            if first < second and best[back, second] == first:
                score = float(min(others[there, first, second], others[back, second, first]))
                without = max(unchanged[first, second], unchanged[second, first])
                if score >= threshold and without <= UNCHANGED * score:
                    found.append(Twins(filters[first], filters[second], symmetry, score))
    return sorted(found, key=lambda pair: (-pair.score, pair.filter, pair.twin))


def groups(pairs: Sequence[Twins], filters: Sequence[int]) -> list[list[int]]:
    """Filters that differ by symmetries only: the connected components of the twins, in order.

    A filter without a twin is a group of its own. So the number of groups is the number of filters
    that would remain if filters came with all their rotations and mirror images.
    """
    leader = {filter: filter for filter in filters}

    def first(filter: int) -> int:
        while leader[filter] != filter:
            filter = leader[filter]
        return filter

    for pair in pairs:
        lower, higher = sorted((first(pair.filter), first(pair.twin)))
        leader[higher] = lower
    gathered: dict[int, list[int]] = {}
    for filter in sorted(filters):
        gathered.setdefault(first(filter), []).append(filter)
    return list(gathered.values())
