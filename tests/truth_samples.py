"""Made-up photographs, filters and an observer, with which the test of truth has a known answer."""

from collections.abc import Sequence

import numpy as np

from filter_atlas.readers.scaled_photograph import Placement
from filter_atlas.truth.observations import LayerObservations
from filter_atlas.truth.path_similarity import LayerPaths

SIZE, SEEN = 64, 32
KINDS = 6
"""Number of kinds of things that photographs show."""


def colour(kind: int) -> np.ndarray:
    """The colour of a kind of things: (3,) uint8."""
    return np.random.RandomState(kind).randint(40, 216, 3).astype(np.uint8)


def picture(kind: int, noise: int = 0, side: int = 64) -> np.ndarray:
    """A picture of a kind: (side, side, 3) uint8, its colour with a little noise."""
    random = np.random.RandomState(1000 + noise)
    pixels = colour(kind) + random.normal(0, 12, (side, side, 3)) + random.normal(0, 25, 3)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def observe(filters: int, photographs: int, seed: int = 0) -> tuple[LayerObservations, np.ndarray]:
    """Photographs of random kinds, and filters that each fire for one kind.

    Returns:
        The observations, and the kind of each photograph.
    """
    random = np.random.RandomState(seed)
    kinds = random.randint(0, KINDS, photographs)
    own = np.arange(filters) % KINDS
    maxima = random.uniform(0, 1, (filters, photographs)) + 5 * (own[:, np.newaxis] == kinds)
    digests = tuple(f"{place:063x}{random.randint(16):x}" for place in range(photographs))
    placements = (Placement((SIZE, SIZE), (SIZE, SIZE), (0, 0)),) * photographs
    corners = random.randint(0, SIZE - SEEN + 1, (filters, photographs, 2)).astype(np.int32)
    observed = LayerObservations(
        SIZE, None, SEEN, digests, placements, maxima.astype(np.float32), corners
    )
    return observed, kinds


def sample_paths(filters: Sequence[int], alike: float = 0.8) -> LayerPaths:
    """The paths of one picture and nine patches of each filter.

    Args:
        filters: indices of the filters; each fires most in its own paths.
        alike: share of a path that the paths of a filter have in common.
    """
    random = np.random.RandomState(0)
    shape = (len(filters), 10, 2 * max(filters))
    common = random.uniform(0, 1, (shape[0], 1, shape[2]))
    paths = alike * common + (1 - alike) * random.uniform(0, 1, shape)
    paths[np.arange(len(filters)), :, filters] = 1
    rounded = paths.astype(np.float16)
    return LayerPaths(rounded[:, :1], rounded[:, 1:])


class MeanColour:
    """An observer that sees colours, in two stages: the whole patch, and its left half."""

    side = 32
    stages: Sequence[int] = (3, 3)

    def embed(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        stacked = np.stack(patches).astype(np.float32)
        return np.concatenate(
            [stacked.mean(axis=(1, 2)), stacked[:, :, :16].mean(axis=(1, 2))], axis=1
        )


class Blind:
    """An observer that sees nothing: its numbers are random."""

    side = 32
    stages: Sequence[int] = (8,)

    def __init__(self) -> None:
        self._random = np.random.RandomState(0)

    def embed(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        return self._random.normal(size=(len(patches), 8)).astype(np.float32)
