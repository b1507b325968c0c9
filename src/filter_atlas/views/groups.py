"""Neuron groups: filters of a layer that fire together in a photograph.

The activations of a layer, as a matrix of cells × filters, are approximated by a product of two
matrices without negative numbers: cells × groups, which says where each group is, and groups ×
filters, which says what it consists of.

Source: C. Olah et al., "The Building Blocks of Interpretability" (Distill, 2018); factorisation: D.
Lee and H. Seung, "Learning the parts of objects by non-negative matrix factorization" (1999).
"""

import warnings
from dataclasses import dataclass

import numpy as np

ITERATIONS = 1_000
"""Maximum number of iterations; 4 groups of VGG16's layers take some 200."""


@dataclass(frozen=True, eq=False)
class NeuronGroups:
    """The groups of a layer, the one that accounts for most first.

    Attributes:
        filters: (groups, filters) float32, how much each filter belongs to each group; the greatest
            number of a group is 1.
        places: (rows, columns, groups) float32, how strongly each group is at each shown cell.
        explained: share of the sum of all squared values that the groups account for.
    """

    filters: np.ndarray
    places: np.ndarray
    explained: float


NO_GROUPS = NeuronGroups(np.zeros((0, 0), np.float32), np.zeros((0, 0, 0), np.float32), 0.0)
"""The groups of a layer in which none are looked for, or in which nothing fires."""


def find_groups(shares: np.ndarray, count: int) -> NeuronGroups:
    """Find the groups of a layer.

    Args:
        shares: (rows, columns, filters) float32, not negative: the share of each filter at each
            shown cell, so that filters with large activations do not decide alone.
        count: maximum number of groups; a layer with fewer filters or cells has fewer.
    """
    # Both are imported late: they take a second, and a run without groups does not need them.
    from sklearn.decomposition import NMF
    from threadpoolctl import threadpool_limits

    rows, columns, filters = shares.shape
    matrix = shares.reshape(-1, filters).astype(np.float64)
    total = float((matrix**2).sum())
    count = min(count, *matrix.shape)
    if not total or not count:
        return NO_GROUPS
    model = NMF(count, init="nndsvda", max_iter=ITERATIONS, random_state=0)
    # One thread: the order of a sum in BLAS depends on their number.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged quite
        places = model.fit_transform(matrix)
    parts = model.components_
    left = float(((matrix - places @ parts) ** 2).sum())
    greatest = parts.max(axis=1)
    used = np.flatnonzero((greatest > 0) & (places.max(axis=0) > 0))
    weight = (places**2).sum(axis=0) * (parts**2).sum(axis=1)
    order = used[np.argsort(-weight[used], kind="stable")]
    return NeuronGroups(
        filters=(parts[order] / greatest[order, np.newaxis]).astype(np.float32),
        places=(places[:, order] * greatest[order])
        .reshape(rows, columns, len(order))
        .astype(np.float32),
        explained=1 - left / total,
    )
