"""Families: the filters of a layer, grouped by what feeds them.

Each filter is a vector: what every channel of the layer's input contributes to it where it fires,
scaled to the length 1. Vectors are clustered by Ward's method (J. H. Ward, "Hierarchical Grouping
to Optimize an Objective Function", 1963), which has no random part. The number of clusters is the
one with the greatest mean silhouette (P. J. Rousseeuw, "Silhouettes", 1987).
"""

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import silhouette_samples

from filter_atlas.circuits.families import Families, FilterFamily

FEWEST = 8
"""Minimum number of filters that are grouped."""

MOST_FAMILIES = 16


def find_families(filters: Sequence[int], contributions: np.ndarray) -> Families:
    """Group filters by what feeds them.

    Args:
        filters: their indices.
        contributions: (filters, channels) float, what each channel adds.
    """
    lengths = np.sqrt(np.square(contributions.astype(np.float64)).sum(axis=1))
    kept = np.flatnonzero(lengths > 0)
    left_out = tuple(index for place, index in enumerate(filters) if lengths[place] == 0)
    if len(kept) < FEWEST:
        few = f"fewer than {FEWEST} of its filters are drawn and fed"
        return Families(None, {}, (), left_out, few)
    vectors = contributions[kept] / lengths[kept, np.newaxis]
    distances = _distances(vectors)
    tried: dict[int, float] = {}
    best = silhouettes = np.zeros(0)
    for count in range(2, min(MOST_FAMILIES, len(kept) - 1) + 1):
        labels = AgglomerativeClustering(count).fit_predict(vectors)
        samples = silhouette_samples(distances, labels, metric="precomputed")
        if not tried or samples.mean() > max(tried.values()):
            best, silhouettes = labels, samples
        tried[count] = float(samples.mean())
    indices = np.array(filters)[kept]
    families = []
    for label in np.unique(best):
        members = np.flatnonzero(best == label)
        nearest = distances[np.ix_(members, members)].sum(axis=1)
        ordered = members[np.argsort(nearest, kind="stable")]
        families.append(
            FilterFamily(
                int(indices[ordered[0]]),
                tuple(indices[ordered].tolist()),
                float(silhouettes[members].mean()),
            )
        )
    families.sort(key=lambda one: (-len(one.filters), one.medoid))
    return Families(max(tried.values()), tried, tuple(families), left_out, None)


def _distances(vectors: np.ndarray) -> np.ndarray:
    """The distance between each pair of vectors."""
    # Not by a matrix product: its last bits can depend on the number of threads.
    return np.stack([np.sqrt(np.square(vectors - one).sum(axis=1)) for one in vectors])
