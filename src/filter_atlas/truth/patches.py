"""Cutting patches from photographs and pictures, at the size that the observer takes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image

from filter_atlas.base import devices
from filter_atlas.base.errors import ResultsError
from filter_atlas.readers.photograph import PIXEL_LIMIT, read_photograph
from filter_atlas.readers.scaled_photograph import GROUP, scale
from filter_atlas.truth.observations import LayerObservations, Patch

STEP = 16
SMALLEST, LARGEST = 64, 112
"""The observer takes patches whose sides are multiples of a step, in pixels."""


def observed_side(seen: int) -> int:
    """Side of the patches that the observer takes, in pixels.

    It is about the size of what a cell sees: a larger patch would only be blurred. Above `LARGEST`,
    the score hardly grows (docs/truth.md).

    Args:
        seen: side of what a cell sees, in pixels.
    """
    return min(max(-(-seen // STEP) * STEP, SMALLEST), LARGEST)


def windows(side: int, seen: int) -> list[tuple[int, int]]:
    """The parts of a picture that explain its filter: left and top of each.

    A picture shows its filter's pattern several times. So it has four parts, one about the middle
    of each quarter, unless a cell sees all of the picture.

    Args:
        side: side of the picture, in pixels.
        seen: side of what a cell sees, in pixels.
    """
    if seen >= side:
        return [(0, 0)]
    starts = [min(max(middle - seen // 2, 0), side - seen) for middle in (side // 4, 3 * side // 4)]
    return [(left, top) for top in starts for left in starts]


def cut_picture(pixels: np.ndarray, seen: int, side: int) -> list[np.ndarray]:
    """The parts of a picture that explain its filter: (side, side, 3) uint8 each.

    Args:
        pixels: (height, width, 3) uint8, RGB; several pictures of a filter are side by side.
        seen: side of what a cell sees, in pixels.
        side: side of the parts, in pixels.
    """
    height, width = pixels.shape[:2]
    return [
        _cut(pixels, first + left, top, min(seen, height), side)
        for first in range(0, width, height)
        for left, top in windows(height, seen)
    ]


@dataclass(frozen=True)
class PhotographReader:
    """Reads what the network saw of photographs.

    Attributes:
        observed: the photographs, and where the squares lie in them.
        paths: their files, by digest.
    """

    observed: LayerObservations
    paths: Mapping[str, Path]

    def square(self, place: int) -> np.ndarray:
        """What the network saw of a photograph: (size, size, 3) uint8, RGB.

        Raises:
            PhotoError: it cannot be read.
            ResultsError: it has been removed or changed since it was observed.
        """
        digest, placement = self.observed.photographs[place], self.observed.placements[place]
        path = self.paths.get(digest)
        photograph = path and read_photograph(path, PIXEL_LIMIT, log=lambda line: None)
        if not photograph or photograph.digest != digest:
            raise ResultsError(
                f"photos: {path or digest} has changed since it was observed; run again"
            )
        return scale(photograph, placement).square(self.observed.size)


def cut_photographs(
    wanted: Iterable[Patch], square: Callable[[int], np.ndarray], seen: int, side: int
) -> Iterator[tuple[list[Patch], list[np.ndarray]]]:
    """Cut patches from photographs, a few photographs at a time; each patch once.

    Args:
        wanted: the patches.
        square: returns what the network saw of a photograph.
        seen: side of the patches, in pixels.
        side: side to which they are scaled, in pixels.

    Yields:
        Patches, and their pixels: (side, side, 3) uint8, RGB.
    """
    ordered = sorted(set(wanted), key=lambda one: (one.photograph, one.top, one.left))
    by_photograph = [
        (place, list(group)) for place, group in groupby(ordered, lambda one: one.photograph)
    ]

    def cut(entry: tuple[int, list[Patch]]) -> list[np.ndarray]:
        pixels = square(entry[0])
        return [_cut(pixels, one.left, one.top, seen, side) for one in entry[1]]

    with ThreadPoolExecutor(devices.cores()) as pool:
        for first in range(0, len(by_photograph), GROUP):
            group = by_photograph[first : first + GROUP]
            tiles = [tile for found in pool.map(cut, group) for tile in found]
            yield [one for _, patches in group for one in patches], tiles


def _cut(pixels: np.ndarray, left: int, top: int, seen: int, side: int) -> np.ndarray:
    square = Image.fromarray(pixels[top : top + seen, left : left + seen])
    return np.asarray(square.resize((side, side), Image.Resampling.BICUBIC))
