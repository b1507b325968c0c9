"""A finished picture is evaluated on its 8 bits, and on changed copies of it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from filter_atlas.class_pictures import evaluation
from filter_atlas.class_pictures.evaluation import Copy, Guess, ask_second, evaluate

PIXELS = np.random.RandomState(0).randint(0, 256, (40, 48, 3)).astype(np.uint8)


@dataclass
class FakeClassifier:
    """A classifier that returns given probabilities, and records the pictures that it gets."""

    rows: list[list[float]]
    name: str = "fake"
    digest: str = "f" * 64
    shown: list[Any] = field(default_factory=list)

    def probabilities(self, pictures: Any) -> Any:
        self.shown.append(pictures)
        return np.array(self.rows, np.float32)

    def label(self, index: int) -> str:
        return f"class {index}"


def test_the_network_sees_the_picture_and_its_copies_in_bgr() -> None:
    classifier = FakeClassifier([[1.0]] * 5)

    evaluate(PIXELS, 0, classifier)

    (pictures,) = classifier.shown
    assert pictures.dtype == np.float32
    for picture, pixels in zip(
        pictures,
        [PIXELS, *(perturb(PIXELS) for perturb in evaluation.PERTURBATIONS.values())],
        strict=True,
    ):
        np.testing.assert_array_equal(picture[..., ::-1], pixels)


def test_an_evaluation_gives_probability_rank_and_the_best() -> None:
    row = [0.125, 0.0, 0.5, 0.25, 0.0625, 0.0625, 0.0]

    found = evaluate(PIXELS, 3, FakeClassifier([row] * 5))

    assert (found.index, found.name) == (3, "class 3")
    assert (found.probability, found.rank) == (0.25, 2)
    assert found.best == (
        Guess(2, "class 2", 0.5),
        Guess(3, "class 3", 0.25),
        Guess(0, "class 0", 0.125),
        Guess(4, "class 4", 0.0625),
        Guess(5, "class 5", 0.0625),
    )
    assert not found.is_top1
    assert found.top1_text == "no"


def test_fewer_classes_are_all_listed() -> None:
    assert len(evaluate(PIXELS, 0, FakeClassifier([[0.75, 0.25]] * 5)).best) == 2


def test_a_picture_is_robust_if_its_class_is_top1_in_all_copies() -> None:
    found = evaluate(PIXELS, 0, FakeClassifier([[0.75, 0.25]] * 5))

    assert found.robust
    assert found.top1_text == "yes"
    assert found.copies == dict.fromkeys(
        ("shifted", "blurred", "encoded", "combined"), Copy(0.75, True)
    )


@pytest.mark.parametrize(
    ("copy", "name"), list(enumerate(["shifted", "blurred", "encoded", "combined"]))
)
def test_a_picture_is_not_robust_if_its_class_is_not_top1_in_one_copy(copy: int, name: str) -> None:
    rows = [[0.75, 0.25]] * 5
    rows[1 + copy] = [0.25, 0.75]

    found = evaluate(PIXELS, 0, FakeClassifier(rows))

    assert found.is_top1
    assert not found.robust
    assert found.top1_text == f"yes, but not {name}"
    assert list(found.copies.values())[copy] == Copy(0.25, False)


def test_a_picture_whose_class_is_not_top1_is_not_robust_whatever_its_copies() -> None:
    rows = [[0.25, 0.75], *[[0.75, 0.25]] * 4]

    found = evaluate(PIXELS, 0, FakeClassifier(rows))

    assert not found.robust
    assert found.top1_text == "no"


@pytest.mark.parametrize(("index", "rank", "fooled"), [(2, 1, True), (0, 3, False)])
def test_a_second_network_sees_the_picture_alone_and_says_whether_it_is_fooled(
    index: int, rank: int, fooled: bool
) -> None:
    classifier = FakeClassifier([[0.125, 0.25, 0.625]], name="second")

    opinion = ask_second(PIXELS, index, classifier)

    (pictures,) = classifier.shown
    np.testing.assert_array_equal(pictures[..., ::-1], PIXELS[np.newaxis])
    assert (opinion.network, opinion.network_digest) == ("second", classifier.digest)
    assert opinion.best == Guess(2, "class 2", 0.625)
    assert (opinion.rank, opinion.is_fooled) == (rank, fooled)
    assert opinion.probability == classifier.rows[0][index]


def test_a_shifted_copy_is_moved_and_mirrored() -> None:
    copy = evaluation.shifted(PIXELS)

    np.testing.assert_array_equal(copy[4:, 4:], PIXELS[:-4, :-4])
    np.testing.assert_array_equal(copy[3, 4:], PIXELS[1, :-4])


def test_a_blurred_copy_is_a_gaussians() -> None:
    point = np.zeros((21, 21, 3), np.uint8)
    point[10, 10] = 255

    copy = evaluation.blurred(point)[..., 0]

    places = np.arange(21) - 10
    expected = 255 / (2 * np.pi) * np.exp(-(places**2 + places[:, np.newaxis] ** 2) / 2)
    np.testing.assert_allclose(copy, expected, atol=0.6)


def test_a_flat_picture_survives_blur_and_shift() -> None:
    flat = np.full((32, 32, 3), (10, 128, 250), np.uint8)

    np.testing.assert_array_equal(evaluation.blurred(evaluation.shifted(flat)), flat)


def test_an_encoded_copy_is_near_but_not_the_same(photographs: list[np.ndarray]) -> None:
    photograph = photographs[0][:240, :240]

    copy = evaluation.encoded(photograph)

    difference = np.abs(copy.astype(int) - photograph)
    assert 0 < difference.mean() < 10


def test_evaluating_twice_gives_the_same() -> None:
    for perturb in evaluation.PERTURBATIONS.values():
        np.testing.assert_array_equal(perturb(PIXELS), perturb(PIXELS))
        assert perturb(PIXELS).shape == PIXELS.shape
        assert perturb(PIXELS).dtype == np.uint8
