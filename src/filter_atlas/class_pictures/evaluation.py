"""Evaluating a finished class picture by its classifier, on the 8 bits of the PNG.

The evaluation gives the probability of the class, the likeliest classes, and whether the class is
still the likeliest after common changes of a picture: shifted, blurred, encoded again. A pattern of
single pixels that happens to raise the logit does not survive them; a shape does.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

SHIFT = 4
"""Shift of a copy, down and to the right, in pixels."""

BLUR = 1.0
"""Standard deviation of the blur of a copy, in pixels."""

JPEG_QUALITY = 75
"""JPEG quality of a copy that is encoded again."""

BEST = 5
"""Number of the likeliest classes that are listed."""

_REACH = 4
"""Radius of the blur's kernel, in standard deviations."""


class ProbabilityModel(Protocol):
    """The part of `classifier.Classifier` that an evaluation needs."""

    @property
    def name(self) -> str:
        """Its name in records."""

    @property
    def digest(self) -> str:
        """`digests.weights_digest` of its weights."""

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
    """The evaluation of a copy of the picture.

    Attributes:
        probability: the probability of the picture's class.
        is_top1: whether that class is still the likeliest one.
    """

    probability: float
    is_top1: bool


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a picture of a class.

    Attributes:
        index: the class.
        name: its usual name.
        probability: its probability, on the 8 bits of the picture.
        rank: its rank among all classes by probability; 1 is the first.
        best: the likeliest classes in order: five, or all where there are fewer.
        copies: the evaluation of the picture after each of `PERTURBATIONS`.
    """

    index: int
    name: str
    probability: float
    rank: int
    best: tuple[Guess, ...]
    copies: Mapping[str, Copy]

    @property
    def is_top1(self) -> bool:
        """Whether the picture's class is the likeliest one."""
        return self.rank == 1

    @property
    def robust(self) -> bool:
        """Whether the class is also the likeliest one for every copy."""
        return self.is_top1 and all(copy.is_top1 for copy in self.copies.values())

    @property
    def top1_text(self) -> str:
        """Whether the class is the likeliest one, and the copies for which it is not, in words."""
        if not self.is_top1:
            return "no"
        if self.robust:
            return "yes"
        failing = [name for name, copy in self.copies.items() if not copy.is_top1]
        return f"yes, but not {', '.join(failing)}"


@dataclass(frozen=True)
class SecondOpinion:
    """What a second network makes of a picture of a class.

    Attributes:
        network: the network's name.
        network_digest: `digests.weights_digest` of its weights.
        best: its likeliest class.
        probability: the probability that it gives the picture's class.
        rank: the rank of the picture's class among all classes; 1 is the first.
    """

    network: str
    network_digest: str
    best: Guess
    probability: float
    rank: int

    @property
    def is_fooled(self) -> bool:
        """Whether the picture's class is the likeliest one for this network, too."""
        return self.rank == 1


def evaluate(pixels: np.ndarray, index: int, classifier: ProbabilityModel) -> Evaluation:
    """Evaluate a finished picture of a class.

    Args:
        pixels: (height, width, 3) uint8, RGB.
        index: the class.
        classifier: the network.
    """
    copies = [perturb(pixels) for perturb in PERTURBATIONS.values()]
    pictures = np.stack([pixels, *copies])[..., ::-1].astype(np.float32)
    own, *others = np.asarray(classifier.probabilities(pictures))
    return Evaluation(
        index=index,
        name=classifier.label(index),
        probability=float(own[index]),
        rank=_rank(own, index),
        best=_guesses(own, BEST, classifier),
        copies={
            name: Copy(float(changed[index]), bool(changed[index] >= changed.max()))
            for name, changed in zip(PERTURBATIONS, others, strict=True)
        },
    )


def ask_second(pixels: np.ndarray, index: int, classifier: ProbabilityModel) -> SecondOpinion:
    """Ask a second network about a finished picture of a class.

    Args:
        pixels: (height, width, 3) uint8, RGB.
        index: the class.
        classifier: a network that was not used to draw the picture, with the same classes.
    """
    picture = pixels[np.newaxis, ..., ::-1].astype(np.float32)
    (probabilities,) = np.asarray(classifier.probabilities(picture))
    (best,) = _guesses(probabilities, 1, classifier)
    return SecondOpinion(
        network=classifier.name,
        network_digest=classifier.digest,
        best=best,
        probability=float(probabilities[index]),
        rank=_rank(probabilities, index),
    )


def _rank(probabilities: np.ndarray, index: int) -> int:
    return 1 + int((probabilities > probabilities[index]).sum())


def _guesses(
    probabilities: np.ndarray, count: int, classifier: ProbabilityModel
) -> tuple[Guess, ...]:
    """The likeliest classes in order."""
    # Stable, so that classes of equal probability stay in order.
    order = np.argsort(-probabilities, kind="stable")
    return tuple(
        Guess(int(place), classifier.label(int(place)), float(probabilities[place]))
        for place in order[:count]
    )


def shifted(pixels: np.ndarray) -> np.ndarray:
    """A copy that is shifted down and to the right; the border is mirrored into the gap.

    (height, width, 3) uint8 → the same.
    """
    height, width, _ = pixels.shape
    return np.pad(pixels, [(SHIFT, 0), (SHIFT, 0), (0, 0)], mode="reflect")[:height, :width]


def blurred(pixels: np.ndarray) -> np.ndarray:
    """A copy with a Gaussian blur, mirrored at the border.

    (height, width, 3) uint8 → the same.
    """
    reach = round(_REACH * BLUR)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / BLUR) ** 2)
    kernel /= kernel.sum()
    values = pixels.astype(float)
    for axis in (0, 1):
        sides = [(reach, reach) if side == axis else (0, 0) for side in range(3)]
        padded = np.pad(values, sides, mode="reflect")
        length = pixels.shape[axis]
        values = sum(
            weight * padded.take(range(start, start + length), axis)
            for start, weight in enumerate(kernel)
        )
    rounded: np.ndarray = values.round().astype(np.uint8)
    return rounded


def encoded(pixels: np.ndarray) -> np.ndarray:
    """A copy that was encoded as JPEG and decoded: (height, width, 3) uint8, RGB → the same."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(file))


def combined(pixels: np.ndarray) -> np.ndarray:
    """A copy after all three changes in order: (height, width, 3) uint8, RGB → the same."""
    return encoded(blurred(shifted(pixels)))


PERTURBATIONS = {"shifted": shifted, "blurred": blurred, "encoded": encoded, "combined": combined}
"""The changes after which a picture is evaluated again, by name."""
