"""Loading a classifier from settings: any `.keras` file, and other content of a path."""

from pathlib import Path

import keras
import numpy as np
import pytest

from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures.evaluation import evaluate
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.settings.classes import Classes


def _settings(path: Path, **changes: object) -> Classes:
    return Classes.model_validate({"network": str(path), "classes": [0], **changes})


def _grey(path: Path, size: int | None = 32, activation: str = "softmax", classes: int = 3) -> None:
    keras.utils.set_random_seed(0)
    keras.Sequential(
        [
            keras.Input((size, size, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation=activation),
        ]
    ).save(path)


def test_a_keras_classifier_knows_the_digits(
    digits_file: Path, digit_pictures: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

    classifier = load_classifier(_settings(digits_file, names=names, classes=["seven"]), tmp_path)

    pictures, targets = digit_pictures
    found = classifier.probabilities(pictures[:200]).numpy().argmax(axis=1)
    assert (found == targets[:200]).mean() > 0.95
    assert (classifier.name, classifier.size, classifier.channels) == ("digits.keras", 32, 3)
    assert classifier.label(7) == "seven"


def test_its_probabilities_are_those_of_the_file(
    digits_file: Path, digit_pictures: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    pictures = digit_pictures[0][:20]
    expected = keras.models.load_model(digits_file)(pictures)

    found = load_classifier(_settings(digits_file), tmp_path).probabilities(pictures)

    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_written_digit_is_evaluated(
    digits_file: Path, digit_pictures: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    classifier = load_classifier(_settings(digits_file), tmp_path)
    pictures, targets = digit_pictures

    evaluation = evaluate(pictures[0].astype(np.uint8), int(targets[0]), classifier)

    assert evaluation.is_top1
    assert evaluation.probability > 0.9
    assert len(evaluation.best) == 5


def test_a_weight_that_changes_changes_the_digest(digits_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.keras"
    model = keras.models.load_model(digits_file)
    model.weights[0].assign(model.weights[0] + 1e-3)
    model.save(other)

    digests = {
        load_classifier(_settings(path), tmp_path).digest
        for path in (digits_file, digits_file, other)
    }

    assert len(digests) == 2


def test_a_classifier_of_grey_pictures_gets_luminance(tmp_path: Path) -> None:
    path = tmp_path / "grey.keras"
    _grey(path)
    pictures = np.random.RandomState(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    grey = pictures @ np.array([0.114, 0.587, 0.299], np.float32)

    classifier = load_classifier(_settings(path, preprocessing="unit"), tmp_path)

    expected = keras.models.load_model(path)(grey[..., np.newaxis] / 255)
    np.testing.assert_allclose(classifier.probabilities(pictures), expected, rtol=1e-4)


def test_a_single_sigmoid_becomes_two_classes(tmp_path: Path) -> None:
    path = tmp_path / "binary.keras"
    _grey(path, activation="sigmoid", classes=1)
    pictures = np.random.RandomState(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)

    classifier = load_classifier(_settings(path, names=["cat", "dog"], classes=["dog"]), tmp_path)

    grey = classifier.preprocess(pictures)
    probability = keras.models.load_model(path)(grey)
    found = classifier.probabilities(pictures)
    np.testing.assert_allclose(found[:, 1:], probability, rtol=1e-4)
    np.testing.assert_allclose(np.sum(found, axis=1), 1, rtol=1e-5)


def test_a_classifier_of_any_size_is_given_one(tmp_path: Path) -> None:
    path = tmp_path / "any.keras"
    _grey(path, size=None)

    assert load_classifier(_settings(path, size=48), tmp_path).size == 48
    with pytest.raises(ClassifierError, match=r"any\.keras: takes pictures of any size; give one"):
        load_classifier(_settings(path), tmp_path)


def test_a_preprocessing_of_three_channels_does_not_suit_grey(tmp_path: Path) -> None:
    path = tmp_path / "grey.keras"
    _grey(path)

    with pytest.raises(ClassifierError, match=r"takes grey .* cannot be preprocessed as caffe"):
        load_classifier(_settings(path, preprocessing="caffe"), tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"absent\.keras: No such file .*; give a path"):
        load_classifier(_settings(tmp_path / "absent.keras"), tmp_path)


def test_an_index_out_of_range_is_refused(digits_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="class 10 is out of range: the network has 10"):
        load_classifier(_settings(digits_file, classes=[3, 10]), tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_that_are_not_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "spoilt.keras"
    _grey(path)
    model = keras.models.load_model(path)
    bias = model.layers[-1].bias
    bias.assign([0.0, value, 0.0])
    model.save(path)

    with pytest.raises(ClassifierError, match=r"spoilt\.keras: some of its parameters are NaN"):
        load_classifier(_settings(path), tmp_path)


def test_a_classifier_of_pictures_too_large_to_draw_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.keras"
    _grey(path, size=4096)

    with pytest.raises(ClassifierError, match=r"large\.keras: takes pictures of 4096 pixels a sid"):
        load_classifier(_settings(path), tmp_path)
