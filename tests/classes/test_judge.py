"""A finished picture is judged on its 8 bits, and on copies handled as pictures are."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from filter_atlas.classes import judge
from filter_atlas.classes.judge import Copy, Guess

PIXELS = np.random.RandomState(0).randint(0, 256, (40, 48, 3)).astype(np.uint8)


@dataclass
class Told:
    """A classifier that gives what it is told, and keeps what it was shown."""

    rows: list[list[float]]
    shown: list[Any] = field(default_factory=list)

    def probabilities(self, pictures: Any) -> Any:
        self.shown.append(pictures)
        return np.array(self.rows, np.float32)

    def label(self, index: int) -> str:
        return f"class {index}"


def test_the_network_sees_the_picture_and_its_copies_in_bgr() -> None:
    classifier = Told([[1.0]] * 5)

    judge.judge(PIXELS, 0, classifier)

    (pictures,) = classifier.shown
    assert pictures.dtype == np.float32
    for picture, pixels in zip(
        pictures, [PIXELS, *(handle(PIXELS) for handle in judge.HANDLINGS.values())], strict=True
    ):
        np.testing.assert_array_equal(picture[..., ::-1], pixels)


def test_the_judgement_tells_probability_rank_and_the_best() -> None:
    row = [0.125, 0.0, 0.5, 0.25, 0.0625, 0.0625, 0.0]

    judgement = judge.judge(PIXELS, 3, Told([row] * 5))

    assert (judgement.index, judgement.name) == (3, "class 3")
    assert (judgement.probability, judgement.rank) == (0.25, 2)
    assert judgement.best == (
        Guess(2, "class 2", 0.5),
        Guess(3, "class 3", 0.25),
        Guess(0, "class 0", 0.125),
        Guess(4, "class 4", 0.0625),
        Guess(5, "class 5", 0.0625),
    )
    assert not judgement.fools
    assert judgement.verdict == "no"


def test_fewer_classes_are_all_told() -> None:
    assert len(judge.judge(PIXELS, 0, Told([[0.75, 0.25]] * 5)).best) == 2


def test_a_picture_that_fools_with_every_copy_is_robust() -> None:
    judgement = judge.judge(PIXELS, 0, Told([[0.75, 0.25]] * 5))

    assert judgement.robust
    assert judgement.verdict == "yes"
    assert judgement.copies == dict.fromkeys(
        ("shifted", "blurred", "encoded", "handled"), Copy(0.75, True)
    )


@pytest.mark.parametrize(
    ("copy", "called"), enumerate(["shifted", "blurred", "encoded", "all three"])
)
def test_one_copy_that_does_not_fool_makes_it_fragile(copy: int, called: str) -> None:
    rows = [[0.75, 0.25]] * 5
    rows[1 + copy] = [0.25, 0.75]

    judgement = judge.judge(PIXELS, 0, Told(rows))

    assert judgement.fools
    assert not judgement.robust
    assert judgement.verdict == f"yes, but not {called}"
    assert list(judgement.copies.values())[copy] == Copy(0.25, False)


def test_copies_that_fool_do_not_make_up_for_a_picture_that_does_not() -> None:
    rows = [[0.25, 0.75], *[[0.75, 0.25]] * 4]

    judgement = judge.judge(PIXELS, 0, Told(rows))

    assert not judgement.robust
    assert judgement.verdict == "no"


def test_a_shifted_copy_is_moved_and_mirrored() -> None:
    copy = judge.shifted(PIXELS)

    np.testing.assert_array_equal(copy[4:, 4:], PIXELS[:-4, :-4])
    np.testing.assert_array_equal(copy[3, 4:], PIXELS[1, :-4])


def test_a_blurred_copy_is_a_gaussians() -> None:
    point = np.zeros((21, 21, 3), np.uint8)
    point[10, 10] = 255

    copy = judge.blurred(point)[..., 0]

    places = np.arange(21) - 10
    expected = 255 / (2 * np.pi) * np.exp(-(places**2 + places[:, np.newaxis] ** 2) / 2)
    np.testing.assert_allclose(copy, expected, atol=0.6)


def test_a_flat_picture_stands_blur_and_shift() -> None:
    flat = np.full((32, 32, 3), (10, 128, 250), np.uint8)

    np.testing.assert_array_equal(judge.blurred(judge.shifted(flat)), flat)


def test_an_encoded_copy_is_near_but_not_the_same(photographs: list[np.ndarray]) -> None:
    photograph = photographs[0][:240, :240]

    copy = judge.encoded(photograph)

    difference = np.abs(copy.astype(int) - photograph)
    assert 0 < difference.mean() < 10


def test_judging_twice_is_the_same() -> None:
    for handle in judge.HANDLINGS.values():
        np.testing.assert_array_equal(handle(PIXELS), handle(PIXELS))
        assert handle(PIXELS).shape == PIXELS.shape
        assert handle(PIXELS).dtype == np.uint8
