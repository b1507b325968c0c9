"""What the network makes of a finished class picture, on its 8 bits as written.

Its probability, what else it could be, and whether it still fools the network when it is handled
as pictures are: shifted, blurred, encoded again. A pattern of single pixels that happens to hit
the logit falls apart; a form does not.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

SHIFT = 4
"""Pixels by which a copy is shifted, down and to the right."""

BLUR = 1.0
"""Radius (sigma) by which a copy is blurred, in pixels."""

JPEG_QUALITY = 75
"""Quality at which a copy is encoded again."""

BEST = 5
"""How many of the likeliest classes are told."""

_REACH = 4
"""Radii after which the blur's kernel ends."""


class Judge(Protocol):
    """What a judgement asks of a classifier; `classifier.Classifier` is one."""

    def probabilities(self, pictures: Any) -> Any:
        """(batch, height, width, 3) float32, BGR, grey levels → (batch, classes) float32."""

    def label(self, index: int) -> str:
        """The usual name of a class."""


@dataclass(frozen=True)
class Guess:
    """A class and the probability that the network gives it."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True)
class Copy:
    """How a copy of the picture fares.

    Attributes:
        probability: of the class that the picture is of.
        fools: whether that is still the likeliest class.
    """

    probability: float
    fools: bool


@dataclass(frozen=True)
class Judgement:
    """What the network makes of a picture of one of its classes.

    Attributes:
        index: the class.
        name: its usual name.
        probability: what the network gives it, on the 8 bits of the picture.
        rank: its place by probability; 1 is the first.
        best: the likeliest classes, first the likeliest; five, or all where there are fewer.
        copies: the picture `shifted`, `blurred`, `encoded` again, and all three, `handled`.
    """

    index: int
    name: str
    probability: float
    rank: int
    best: tuple[Guess, ...]
    copies: Mapping[str, Copy]

    @property
    def fools(self) -> bool:
        """Whether the network takes the picture for its class."""
        return self.rank == 1

    @property
    def robust(self) -> bool:
        """Whether it does so for every copy, too."""
        return self.fools and all(copy.fools for copy in self.copies.values())

    @property
    def verdict(self) -> str:
        """Whether the picture fools the network, and if so which copies do not, in words."""
        if not self.fools:
            return "no"
        if self.robust:
            return "yes"
        exposed = [IN_WORDS[name] for name, copy in self.copies.items() if not copy.fools]
        return f"yes, but not {', '.join(exposed)}"


def judge(pixels: np.ndarray, index: int, classifier: Judge) -> Judgement:
    """Judge a finished picture of a class.

    Args:
        pixels: (height, width, 3) uint8, RGB.
        index: the class.
        classifier: the network.
    """
    handled = {name: handle(pixels) for name, handle in HANDLINGS.items()}
    pictures = np.stack([pixels, *handled.values()])[..., ::-1].astype(np.float32)
    own, *others = np.asarray(classifier.probabilities(pictures))
    # Stable, so that of equal ones the first comes first.
    order = np.argsort(-own, kind="stable")
    return Judgement(
        index=index,
        name=classifier.label(index),
        probability=float(own[index]),
        rank=1 + int((own > own[index]).sum()),
        best=tuple(
            Guess(int(one), classifier.label(int(one)), float(own[one])) for one in order[:BEST]
        ),
        copies={
            name: Copy(float(one[index]), bool(one[index] >= one.max()))
            for name, one in zip(handled, others, strict=True)
        },
    )


def shifted(pixels: np.ndarray) -> np.ndarray:
    """A copy that is moved down and to the right; what comes in is the mirror of the border.

    (height, width, 3) uint8 → the same.
    """
    height, width, _ = pixels.shape
    return np.pad(pixels, [(SHIFT, 0), (SHIFT, 0), (0, 0)], mode="reflect")[:height, :width]


def blurred(pixels: np.ndarray) -> np.ndarray:
    """A copy behind a Gaussian blur, mirrored at the border.

    (height, width, 3) uint8 → the same.
    """
    reach = round(_REACH * BLUR)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / BLUR) ** 2)
    kernel /= kernel.sum()
    values = pixels.astype(float)
    for axis in (0, 1):
        sides = [(reach, reach) if one == axis else (0, 0) for one in range(3)]
        padded = np.pad(values, sides, mode="reflect")
        length = pixels.shape[axis]
        values = sum(
            weight * padded.take(range(start, start + length), axis)
            for start, weight in enumerate(kernel)
        )
    rounded: np.ndarray = values.round().astype(np.uint8)
    return rounded


def encoded(pixels: np.ndarray) -> np.ndarray:
    """A copy that went through a JPEG file: (height, width, 3) uint8, RGB → the same."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(file))


def handled(pixels: np.ndarray) -> np.ndarray:
    """A copy after all of it, one after the other: (height, width, 3) uint8, RGB → the same."""
    return encoded(blurred(shifted(pixels)))


HANDLINGS = {"shifted": shifted, "blurred": blurred, "encoded": encoded, "handled": handled}
"""What is done to copies of a picture, by name."""

IN_WORDS = {
    "shifted": "shifted",
    "blurred": "blurred",
    "encoded": "encoded",
    "handled": "all three",
}
"""What these copies are called where people read of them."""
