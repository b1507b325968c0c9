"""Path similarity: does a picture take the way of photographs through the network?

After R. Geirhos et al., "Don't trust your eyes: on the (un)reliability of feature visualizations"
(ICML 2024): two patches take a similar path if the activations of all filters of a layer are in a
similar order.
"""

import numpy as np

SMALLEST_DIFFERENCE = 0.05
"""Minimum by which patches of the filter must be more similar to each other than to others."""


def path_similarity(
    picture: np.ndarray, first: np.ndarray, second: np.ndarray, others: np.ndarray
) -> float | None:
    """How similar a picture's path is to that of the photographs which fire the filter most.

    Args:
        picture: (filters,), the activations of all filters of the layer where the picture fires its
            filter most.
        first, second: (patches, filters), the same of two halves of the patches that fire the
            filter most.
        others: (patches, filters), the same of patches that fire other filters most.

    Returns:
        1 if the picture is as similar to the patches as these are to each other, and 0 if it is as
        similar as the patches of other filters are. None if the patches of the filter are hardly
        more similar to each other than to others: then the number would mean nothing.
    """
    ranked = [_standardised_ranks(one) for one in (first, second, others, picture[np.newaxis])]
    own = np.concatenate(ranked[:2])
    natural = _similarity(ranked[0], ranked[1])
    arbitrary = _similarity(ranked[2], own)
    if natural - arbitrary < SMALLEST_DIFFERENCE:
        return None
    return (_similarity(ranked[3], own) - arbitrary) / (natural - arbitrary)


def _similarity(rows: np.ndarray, others: np.ndarray) -> float:
    """The mean correlation of all pairs of rows, from standardised ranks."""
    # The mean of all products is the product of the means.
    return float(np.dot(rows.mean(axis=0), others.mean(axis=0)))


def _standardised_ranks(rows: np.ndarray) -> np.ndarray:
    """Ranks with a mean of 0 and a length of 1, whose product is Spearman's correlation.

    Equal values share the mean of their ranks; a row of equal values becomes 0.
    """
    ranks = np.empty(rows.shape)
    for place, row in enumerate(rows):
        _, inverse, counts = np.unique(row, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        ranks[place] = (last - (counts - 1) / 2)[inverse]
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    standardised: np.ndarray = centred / np.where(lengths > 0, lengths, 1)
    return standardised
