"""Path similarity: does a picture take the way of photographs through the network?

After R. Geirhos et al., "Don't trust your eyes: on the (un)reliability of feature visualizations"
(ICML 2024): two patches take a similar path if the activations of all filters of a layer, in the
cell that fires most, are in a similar order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from filter_atlas.base.arrays import read_npz
from filter_atlas.base.errors import ResultsError
from filter_atlas.truth.questions import (
    FEWEST_FILTERS,
    POSITIVES,
    refuse_photographs,
    refuse_sample,
)

SMALLEST_DIFFERENCE = 0.05
"""Minimum by which patches of the filter must be more similar to each other than to others."""


@dataclass(frozen=True, eq=False)
class LayerPaths:
    """The paths of the pictures of a layer's filters, and of photographs that fire these filters.

    A path has the activations of all filters of the layer in a cell, on a scale of its own.

    Attributes:
        pictures: (filters, pictures, filters of the layer), where a filter's own pictures fire it
            most.
        patches: (filters, patches, filters of the layer), where photographs fire it most, strongest
            photograph first; zeros where there is no patch.
    """

    pictures: np.ndarray
    patches: np.ndarray

    @classmethod
    def from_files(cls, pictures: Path, patches: Path, filters: int) -> "LayerPaths":
        """Read the paths of a layer, of which so many filters are drawn.

        Raises:
            ResultsError: a file is missing or damaged, or of other filters.
        """
        rows, places = _read(pictures, 2), _read(patches, 3)
        if len(rows) % filters or len(places) != filters or rows.shape[1] != places.shape[2]:
            raise ResultsError(
                f"{pictures} and {patches}: not the paths of the same filters; delete both and run "
                "again"
            )
        return cls(rows.reshape(filters, -1, rows.shape[1]), places)


@dataclass(frozen=True)
class PathSimilarity:
    """The path similarity of one filter.

    Attributes:
        value: 1 if its picture takes the path of photographs, 0 if it takes an arbitrary one.
        refusal: why there is no value; None if there is.
    """

    value: float | None
    refusal: str | None = None


def path_similarities(
    paths: LayerPaths, filters: Sequence[int], photographs: int
) -> list[PathSimilarity]:
    """The path similarity of every filter of a layer.

    A filter's own patches are its positives in the observer's test, and those of even and of odd
    rank are its two halves. The strongest patch of each other filter is an arbitrary one.

    Args:
        paths: the paths.
        filters: indices of the filters.
        photographs: number of photographs that were observed.
    """
    own = [rows[rows.any(axis=1)][:POSITIVES] for rows in paths.patches]
    strongest = {place: mean_ranks(rows[:1]) for place, rows in enumerate(own) if len(rows)}
    refusal = refuse_sample(len(filters), photographs)
    if len(strongest) < FEWEST_FILTERS:
        refusal = (
            refusal or f"photographs fire {len(strongest)} filters, and {FEWEST_FILTERS} are needed"
        )
    if refusal:
        return [PathSimilarity(None, refusal) for _ in filters]
    total = np.sum(list(strongest.values()), axis=0)
    found: list[PathSimilarity] = []
    for place, (index, patches) in enumerate(zip(filters, own, strict=True)):
        pictures = paths.pictures[place]
        firing = pictures[pictures[:, index] > 0]
        if len(patches) < POSITIVES:
            found.append(PathSimilarity(None, refuse_photographs(len(patches))))
        elif not len(firing):
            found.append(PathSimilarity(None, "its picture does not fire it"))
        else:
            others = (total - strongest[place]) / (len(strongest) - 1)
            halves = mean_ranks(patches[0::2]), mean_ranks(patches[1::2])
            value = path_similarity(mean_ranks(firing), *halves, others)
            found.append(PathSimilarity(value, _ALIKE if value is None else None))
    return found


_ALIKE = "photographs that fire it are hardly more alike than others in what other filters do"


def path_similarity(
    picture: np.ndarray, first: np.ndarray, second: np.ndarray, others: np.ndarray
) -> float | None:
    """How similar a picture's path is to that of the photographs which fire the filter most.

    The similarity of two sets of patches is the mean of Spearman's correlations of all pairs. All
    arguments are means of ranks, from `mean_ranks`, since the mean of all products is the product
    of the means.

    Args:
        picture: (filters,), of the picture, or of several.
        first, second: (filters,), of two halves of the patches that fire the filter most.
        others: (filters,), of patches that fire other filters most.

    Returns:
        1 if the picture is as similar to the patches as these are to each other, and 0 if it is as
        similar as the patches of other filters are. None if the patches of the filter are hardly
        more similar to each other than to others: then the number would mean nothing.
    """
    own = (first + second) / 2
    natural = _similarity(first, second)
    arbitrary = _similarity(others, own)
    if natural - arbitrary < SMALLEST_DIFFERENCE:
        return None
    return (_similarity(picture, own) - arbitrary) / (natural - arbitrary)


def mean_ranks(paths: np.ndarray) -> np.ndarray:
    """The mean of the standardised ranks of some paths.

    Args:
        paths: (paths, filters); at least one.

    Returns:
        (filters,) float64. Ranks of a path have a mean of 0 and a length of 1, so their products
        are Spearman's correlations. Equal values share the mean of their ranks; a path of equal
        values becomes 0.
    """
    ranks = np.empty(paths.shape)
    for place, path in enumerate(paths):
        _, inverse, counts = np.unique(path, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        ranks[place] = (last - (counts - 1) / 2)[inverse]
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    standardised = centred / np.where(lengths > 0, lengths, 1)
    mean: np.ndarray = standardised.mean(axis=0)
    return mean


def _similarity(first: np.ndarray, second: np.ndarray) -> float:
    # A sum and no `dot`, whose order of summation can depend on threads.
    return float((first * second).sum())


def _read(path: Path, dimensions: int) -> np.ndarray:
    error_text = "not the paths of a layer"
    found = read_npz(path, error_text).get("paths", np.empty(0))
    if found.ndim != dimensions or found.dtype != np.float16:
        raise ResultsError(f"{path}: {error_text}; delete it and run again")
    return found
