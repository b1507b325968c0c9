"""The filters that fire most at each cell of a layer.

The activations of different filters have different scales, so they are compared by their *share*:
the activation divided by the usual strength of the same filter on many photographs.

The maps of early layers have thousands of cells. They are reduced: a shown cell is a square of the
layer's cells, its *block*, and has the greatest activation of each filter in this square.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIDE = 14
"""Maximum number of rows and of columns of shown cells: the map of VGG16's last convolutions."""

STRONGEST = 3
"""Number of filters that are kept of each shown cell."""

MOST_MAPS = 280
"""Maximum number of filters whose maps are kept, so that a layer has at most 80 KB."""

LEVELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""The characters of a map, from no activation to the filter's greatest on the photograph."""


@dataclass(frozen=True, eq=False)
class StrongestFilters:
    """The filters that fire most at each shown cell, the greatest share first.

    A cell at which fewer filters fire has the filter -1 and zeros in the rest.

    Attributes:
        block: side of the squares of the layer's cells that are one shown cell.
        filters: (rows, columns, STRONGEST) int32, indices of the filters.
        activations: the same shape, float32, the greatest activation in the block.
        shares: the same shape, float32, the activation over the filter's usual strength.
        cells: the same shape and 2 more, int32, row and column of the layer's cell that has the
            activation; of equal ones, the first row by row.
        strengths: (filters,) float32, what the activations of all filters are divided by, in the
            order given.
        every: (rows, columns, filters) float32, the shares of all filters.
        maps: the greatest activation of a filter in each block, as text: a character of `LEVELS`
            for each shown cell, row by row. Of at most `MOST_MAPS` filters.
    """

    block: int
    filters: np.ndarray
    activations: np.ndarray
    shares: np.ndarray
    cells: np.ndarray
    strengths: np.ndarray
    every: np.ndarray
    maps: dict[int, str]


def strongest_filters(
    activations: np.ndarray, filters: Sequence[int], usual: Sequence[float | None]
) -> StrongestFilters:
    """Find the filters that fire most at each shown cell.

    Args:
        activations: (rows, columns, filters) float32, not negative.
        filters: indices of the filters.
        usual: the usual strength of each filter; None or 0 if it is not known. Then its greatest
            activation on this photograph takes the place.
    """
    block = -(-max(activations.shape[:2]) // SIDE)
    greatest, places = _reduced(activations, block)
    known = np.array([value or 0 for value in usual], np.float32)
    strength = np.where(known > 0, known, activations.max(axis=(0, 1)))
    strengths = np.where(strength > 0, strength, 1).astype(np.float32)
    shares = greatest / strengths
    # Stable, so that of equal filters the first comes first.
    best = np.argsort(-shares, axis=-1, kind="stable")[..., :STRONGEST]
    taken = np.take_along_axis(greatest, best, axis=-1)
    fires = taken > 0
    indices = np.where(fires, np.array(filters, np.int32)[best], -1)
    cells = np.take_along_axis(places, best[..., np.newaxis], axis=2)
    return StrongestFilters(
        block=block,
        filters=_filled(indices, -1).astype(np.int32),
        activations=_filled(taken, 0),
        shares=_filled(np.take_along_axis(shares, best, axis=-1) * fires, 0),
        cells=_filled(cells * fires[..., np.newaxis], 0).astype(np.int32),
        strengths=strengths,
        every=shares,
        maps=_maps(greatest, filters, indices),
    )


def _reduced(activations: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """The greatest activation in each block, and the row and the column of its cell.

    Returns:
        (rows, columns, filters) float32, and (rows, columns, filters, 2) int64.
    """
    rows, columns, filters = activations.shape
    missing = [(0, -side % block) for side in (rows, columns)]
    # Less than any activation, so that a cell beyond the border never has the greatest one.
    padded = np.pad(activations, [*missing, (0, 0)], constant_values=-1)
    shape = (padded.shape[0] // block, block, padded.shape[1] // block, block, filters)
    blocks = padded.reshape(shape).swapaxes(1, 2).reshape(shape[0], shape[2], block**2, filters)
    first = blocks.argmax(axis=2)
    greatest = np.take_along_axis(blocks, first[:, :, np.newaxis], axis=2)[:, :, 0]
    row, column = np.divmod(first, block)
    row += np.arange(shape[0])[:, np.newaxis, np.newaxis] * block
    column += np.arange(shape[2])[:, np.newaxis] * block
    return greatest, np.stack([row, column], axis=-1)


def _filled(values: np.ndarray, filling: int) -> np.ndarray:
    """Values of `STRONGEST` filters, also where a layer has fewer."""
    missing = [(0, 0)] * values.ndim
    missing[2] = (0, STRONGEST - values.shape[2])
    return np.pad(values, missing, constant_values=filling)


def _maps(greatest: np.ndarray, filters: Sequence[int], indices: np.ndarray) -> dict[int, str]:
    """The maps of the filters that are among the strongest in most cells."""
    found, counts = np.unique(indices[indices >= 0], return_counts=True)
    chosen = found[np.argsort(-counts, kind="stable")][:MOST_MAPS]
    places = {index: place for place, index in enumerate(filters)}
    return {index: as_text(greatest[..., places[index]]) for index in sorted(chosen.tolist())}


def as_text(values: np.ndarray) -> str:
    """A map as text: a character of `LEVELS` for each cell, row by row.

    Args:
        values: (rows, columns) float32, not negative, and not all 0. The greatest one gets the last
            level.
    """
    levels = np.rint(values / values.max() * (len(LEVELS) - 1)).astype(int)
    return "".join(LEVELS[level] for level in levels.ravel())


def from_text(text: str, shape: tuple[int, int]) -> np.ndarray:
    """A map from the text of `as_text`: (rows, columns) float32, from 0 to 1."""
    levels = np.array([LEVELS.index(level) for level in text], np.float32)
    return levels.reshape(shape) / (len(LEVELS) - 1)
