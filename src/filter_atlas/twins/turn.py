"""The turns by which twins may differ: rotations, and mirror images of them."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

CELLS = 16
"""Sides of what is seen are multiples of this, so that VGG16's poolings leave nothing over."""

LEAST_TURNED = 46
"""Least side of a picture, in pixels, that shows no corner when turned by any angle."""


@dataclass(frozen=True)
class Turn:
    """A rotation, after a reflection if `mirrored`.

    Attributes:
        angle: degrees, counter-clockwise, from 0 to 359.
        mirrored: whether left and right are swapped before that.
    """

    angle: int
    mirrored: bool

    @property
    def inverse(self) -> "Turn":
        """The turn that undoes this one; a mirrored turn undoes itself."""
        return self if self.mirrored else Turn(-self.angle % 360, False)

    def apply(self, pixels: np.ndarray, side: int) -> np.ndarray:
        """Turn a picture about its middle, and cut the middle out.

        Right angles only move pixels; others interpolate (bicubic).

        Args:
            pixels: (size, size, 3) uint8.
            side: side of what is cut out; `side_seen` says how large it can be.

        Returns:
            (side, side, 3) uint8.
        """
        image = Image.fromarray(pixels)
        if self.mirrored:
            image = ImageOps.mirror(image)
        image = image.rotate(self.angle, Image.Resampling.BICUBIC)
        corner = (image.width - side) // 2
        return np.asarray(image.crop((corner, corner, corner + side, corner + side)))


SAME = Turn(0, False)
"""The turn that changes nothing."""


def turns(step: int) -> tuple[Turn, ...]:
    """Every turn by a multiple of `step` degrees, `SAME` first, mirrored ones last."""
    return tuple(Turn(angle, side) for side in (False, True) for angle in range(0, 360, step))


def side_seen(size: int, step: int) -> int:
    """Side of the middle of a picture that is seen, whatever the turn.

    By right angles that is three quarters of the picture: rims are of no use to a comparison, and
    cost is proportional to area. Other angles leave a square of 1/√2.

    Args:
        size: side of the picture, in pixels; `LEAST_TURNED` or more unless turns are right angles.
        step: the angle that all turns are multiples of, in degrees.
    """
    share = 0.75 if step % 90 == 0 else 0.5**0.5
    return max(int(size * share) // CELLS, 2) * CELLS
