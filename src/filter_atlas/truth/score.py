"""The observer's test: how much an explanation tells about which patches fire a filter.

An *observer* turns every patch of a picture into numbers, its *embedding*. An *explanation* of a
filter is one patch or several: parts of its picture, or natural patches that fire it. A *positive*
is a natural patch that fires the filter strongly, a *negative* one from a photograph that hardly
fires it. The score is the share of pairs of a positive and a negative in which the positive
looks more like the filter's own explanation: 1 if the explanation tells everything, 0.5 if it tells
nothing. It is the area under the ROC curve.

Two things would make the test unfair, and are removed. An observer sees that pictures are no
photographs; so natural patches are standardised among themselves, and explanations among
themselves. Some patches look like every explanation; so the test asks how much more a patch looks
like the filter's own explanation than like those of the layer's other filters, on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filter_atlas.base.random_streams import random_stream

RESAMPLES = 2_000
"""Number of resamples of a bootstrap interval."""

COVERED = (2.5, 97.5)
"""Percentiles between which an interval lies."""


@dataclass(frozen=True)
class Score:
    """The result of the test for one filter.

    Attributes:
        value: share of pairs in which the positive is nearer, from 0 to 1.
        error: standard error of `value`, as far as it comes from the choice of the patches.
    """

    value: float
    error: float


def standardise(embeddings: np.ndarray) -> np.ndarray:
    """Give every number a mean of 0 and a standard deviation of 1 over all patches.

    Args:
        embeddings: (patches, numbers) float32.

    Returns:
        The same shape, float64. A number that is the same for all patches becomes 0.
    """
    exact = embeddings.astype(np.float64)
    centred = exact - exact.mean(axis=0)
    deviation = centred.std(axis=0)
    standardised: np.ndarray = centred / np.where(deviation > 0, deviation, 1)
    return standardised


def normalise(embeddings: np.ndarray, stages: Sequence[int]) -> np.ndarray:
    """Give the numbers of each stage the length 1, so that all stages of the observer count alike.

    The product of two of these vectors is the sum of the cosines of their stages.

    Args:
        embeddings: (patches, numbers).
        stages: count of the numbers of each stage, in order.
    """
    parts = np.split(embeddings, np.cumsum(stages)[:-1], axis=1)
    lengths = [np.sqrt(np.square(part).sum(axis=1, keepdims=True)) for part in parts]
    return np.concatenate(
        [
            part / np.where(length > 0, length, 1)
            for part, length in zip(parts, lengths, strict=True)
        ],
        axis=1,
    )


@dataclass(frozen=True, eq=False)
class Explanations:
    """The explanations of a layer's filters.

    Attributes:
        vectors: (filters, numbers) float64.
        total: (numbers,), the sum of all vectors.
    """

    vectors: np.ndarray
    total: np.ndarray


def prepare_explanations(embeddings: np.ndarray, stages: Sequence[int]) -> Explanations:
    """The explanations of a layer's filters as vectors.

    Args:
        embeddings: (filters, patches, numbers) float32: an explanation can consist of several
            patches, whose standardised embeddings are averaged.
        stages: count of the numbers of each stage, in order.
    """
    filters, patches, numbers = embeddings.shape
    flat = standardise(embeddings.reshape(filters * patches, numbers))
    vectors = normalise(flat.reshape(filters, patches, numbers).mean(axis=1), stages)
    return Explanations(vectors, vectors.sum(axis=0))


def combine(first: Explanations, second: Explanations, stages: Sequence[int]) -> Explanations:
    """Explanations of two kinds as one: both count alike in every stage.

    Args:
        first, second: of the same filters, in the same order.
        stages: count of the numbers of each stage, in order.
    """
    vectors = normalise(first.vectors + second.vectors, stages)
    return Explanations(vectors, vectors.sum(axis=0))


def own_direction(explanations: Explanations, own: int, without: int | None = None) -> np.ndarray:
    """How an explanation differs from the mean of the others: (numbers,).

    Args:
        explanations: from `prepare_explanations`.
        own: place of the explanation.
        without: place of another one that is left out of the mean.
    """
    left_out = [own] if without is None else [own, without]
    vectors = explanations.vectors
    others = explanations.total - vectors[left_out].sum(axis=0)
    difference: np.ndarray = vectors[own] - others / (len(vectors) - len(left_out))
    return difference


def similarities(queries: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """How much each query looks like an explanation, more than like the others: (queries,)."""
    # Not a matrix product: its last bits can depend on the number of threads.
    found: np.ndarray = np.einsum("qn,n->q", queries, direction)
    return found


def score(positives: np.ndarray, negatives: np.ndarray) -> Score:
    """The share of pairs in which the positive is nearer, and its standard error.

    The error is that of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (Biometrics 44, 1988):
    positives and negatives are both a sample. As in A. Agresti and B. A. Coull (The American
    Statistician 52, 1998), one that wins and one that loses everything are added to each sample, so
    that few patches that agree never look certain.

    Args:
        positives: (positives,), similarities to the explanation, at least one.
        negatives: (negatives,), at least one.
    """
    beaten = _shares_below(positives, negatives)
    beating = 1 - _shares_below(negatives, positives)
    error = np.sqrt(_variance_of_mean(beaten) + _variance_of_mean(beating))
    return Score(float(beaten.mean()), float(error))


def _shares_below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of others that is below each value; those that are equal count half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return below / (2 * len(others))


def _variance_of_mean(shares: np.ndarray) -> float:
    extended = np.append(shares, [0.0, 1.0])
    return float(extended.var() / (len(extended) - 1))


def mean_interval(values: np.ndarray, resamples: int = RESAMPLES) -> tuple[float, float]:
    """The interval in which the mean lies with 95 %: a bootstrap over the values.

    Args:
        values: (filters,), at least one.
        resamples: number of resamples.
    """
    random = random_stream([len(values), resamples])
    drawn = random.randint(0, len(values), (resamples, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), COVERED)
    return float(low), float(high)
