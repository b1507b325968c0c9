"""Symmetries by which twins can differ: rotations, with or without a reflection."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

SIDE_MULTIPLE = 16
"""Sides of visible parts are multiples of this, so that VGG16's poolings divide them exactly."""

MINIMUM_ROTATED_SIZE = 46
"""Minimum side of a picture, in pixels, so that rotations by any angle show no empty corner."""


@dataclass(frozen=True)
class Symmetry:
    """A rotation, after a reflection if `mirrored`.

    Attributes:
        angle: degrees, counter-clockwise, from 0 to 359.
        mirrored: whether left and right are swapped before the rotation.
    """

    angle: int
    mirrored: bool

    @property
    def inverse(self) -> "Symmetry":
        """The symmetry that undoes this one; a mirrored one undoes itself."""
        return self if self.mirrored else Symmetry(-self.angle % 360, False)

    def apply(self, pixels: np.ndarray, side: int) -> np.ndarray:
        """Rotate a picture about its centre, and crop the centre.

        Right angles only move pixels; other angles interpolate (bicubic).

        Args:
            pixels: (size, size, 3) uint8.
            side: side of the crop; at most `visible_side`.

        Returns:
            (side, side, 3) uint8.
        """
        image = Image.fromarray(pixels)
        if self.mirrored:
            image = ImageOps.mirror(image)
        image = image.rotate(self.angle, Image.Resampling.BICUBIC)
        corner = (image.width - side) // 2
        return np.asarray(image.crop((corner, corner, corner + side, corner + side)))


IDENTITY = Symmetry(0, False)
"""The symmetry that changes nothing."""


def symmetries(step: int) -> tuple[Symmetry, ...]:
    """All rotations by multiples of `step` degrees, `IDENTITY` first, then the mirrored ones."""
    return tuple(
        Symmetry(angle, mirrored) for mirrored in (False, True) for angle in range(0, 360, step)
    )


def visible_side(size: int, step: int) -> int:
    """Side of the central part of a picture that is visible under all symmetries.

    For right angles it is three quarters of the picture's side, because the rim does not help a
    comparison and the cost is proportional to the area. For other angles it is 1/√2 of the side.

    Args:
        size: side of the picture, in pixels; at least `MINIMUM_ROTATED_SIZE`, unless all angles are
            right.
        step: rotation step, in degrees.
    """
    share = 0.75 if step % 90 == 0 else 0.5**0.5
    return max(int(size * share) // SIDE_MULTIPLE, 2) * SIDE_MULTIPLE
