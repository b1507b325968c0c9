"""Families of filters that are fed alike, as plain values; `clusters` finds them."""

from dataclasses import dataclass

SUBSTANTIAL = 0.25
"""Below this mean silhouette there is no substantial structure (L. Kaufman and P. J. Rousseeuw,
"Finding Groups in Data", 1990)."""


@dataclass(frozen=True)
class FilterFamily:
    """Filters that are fed alike.

    Attributes:
        medoid: index of the filter that is nearest to all others; its picture stands for them.
        filters: their indices, the nearest to the others first.
        silhouette: mean silhouette of the filters, from -1 to 1.
    """

    medoid: int
    filters: tuple[int, ...]
    silhouette: float


@dataclass(frozen=True)
class Families:
    """The families of a layer.

    Attributes:
        silhouette: mean silhouette of all filters; None if they are not grouped.
        tried: the mean silhouette for each number of families.
        families: the largest first.
        left_out: indices of filters that nothing feeds.
        refusal: why filters are not grouped; None if they are.
    """

    silhouette: float | None
    tried: dict[int, float]
    families: tuple[FilterFamily, ...]
    left_out: tuple[int, ...]
    refusal: str | None
