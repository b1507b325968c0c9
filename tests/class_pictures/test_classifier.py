"""A classifier takes BGR grey levels, preprocesses them, and gives logits and probabilities."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base.preprocessing import PREPROCESSINGS, PreprocessingName
from filter_atlas.class_pictures.classifier import Classifier, binary_to_two_class

SIZE = 32


def _classifier(**changes: Any) -> Classifier:
    """A classifier whose logits are the means of the channels of its input."""
    settings: dict[str, Any] = {
        "name": "means",
        "size": SIZE,
        "channels": 3,
        "classes": 3,
        "names": ("one, first", "two", "three"),
        "preprocessing": PREPROCESSINGS["raw"],
        "digest": "",
        "activation": "softmax",
        "network": lambda pictures: tf.reduce_mean(pictures, axis=[1, 2]),
    }
    return Classifier(**{**settings, **changes})


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.RandomState(0).uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_the_preprocessings_of_keras_are_keras_own(
    mode: PreprocessingName, pictures: np.ndarray
) -> None:
    expected = keras.applications.imagenet_utils.preprocess_input(
        pictures[..., ::-1].copy(), mode=mode
    )

    found = _classifier(preprocessing=PREPROCESSINGS[mode]).preprocess(tf.constant(pictures))

    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_raw_is_rgb_and_raw_bgr_is_the_picture_itself(pictures: np.ndarray) -> None:
    np.testing.assert_array_equal(
        _classifier().preprocess(tf.constant(pictures)), pictures[..., ::-1]
    )
    np.testing.assert_array_equal(
        _classifier(preprocessing=PREPROCESSINGS["raw_bgr"]).preprocess(tf.constant(pictures)),
        pictures,
    )


def test_unit_is_rgb_from_0_to_1(pictures: np.ndarray) -> None:
    found = _classifier(preprocessing=PREPROCESSINGS["unit"]).preprocess(tf.constant(pictures))

    np.testing.assert_allclose(found, pictures[..., ::-1] / 255, rtol=1e-6)


def test_a_network_of_grey_pictures_gets_the_luminance(pictures: np.ndarray) -> None:
    found = _classifier(channels=1, preprocessing=PREPROCESSINGS["unit"]).preprocess(
        tf.constant(pictures)
    )

    blue, green, red = np.moveaxis(pictures, -1, 0)
    expected = (0.114 * blue + 0.587 * green + 0.299 * red) / 255
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-5)


def test_only_preprocessings_alike_in_all_channels_suit_grey() -> None:
    assert {name for name, one in PREPROCESSINGS.items() if one.suits_grey} == {
        "raw",
        "raw_bgr",
        "unit",
        "tf",
    }


def test_pictures_of_another_size_are_resized() -> None:
    flat = tf.constant(np.full((1, 48, 48, 3), (10, 20, 30), np.float32))
    classifier = _classifier(
        network=lambda pictures: tf.ensure_shape(pictures, [1, SIZE, SIZE, 3])[:, 0, 0]
    )

    logits = classifier.logits(flat)

    np.testing.assert_allclose(logits, [[30, 20, 10]], rtol=1e-6)


def test_logits_have_a_gradient_within_a_graph(pictures: np.ndarray) -> None:
    classifier = _classifier(preprocessing=PREPROCESSINGS["unit"])

    @tf.function  # type: ignore[untyped-decorator]
    def gradient(pictures: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            logit = classifier.logits(pictures)[:, 0]
        return tape.gradient(logit, pictures)

    # The first logit is the mean of red, the last channel of a picture.
    expected = np.zeros_like(pictures)
    expected[..., 2] = 1 / (255 * SIZE * SIZE)
    np.testing.assert_allclose(gradient(tf.constant(pictures)), expected, rtol=1e-5)


def test_probabilities_are_softmax_where_classes_exclude_each_other(pictures: np.ndarray) -> None:
    classifier = _classifier(preprocessing=PREPROCESSINGS["tf"])

    probabilities = classifier.probabilities(tf.constant(pictures)).numpy()

    powers = np.exp(classifier.logits(tf.constant(pictures)).numpy())
    np.testing.assert_allclose(probabilities, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)


def test_probabilities_are_sigmoid_where_classes_do_not_exclude_each_other(
    pictures: np.ndarray,
) -> None:
    classifier = _classifier(activation="sigmoid", preprocessing=PREPROCESSINGS["tf"])

    probabilities = classifier.probabilities(tf.constant(pictures)).numpy()

    logits = classifier.logits(tf.constant(pictures)).numpy()
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_a_margin_is_a_logit_minus_the_greatest_other() -> None:
    # Means of blue, green and red, which are the logits 2, 1 and 0 of a classifier of RGB.
    pictures = tf.constant(np.full((3, SIZE, SIZE, 3), (5, 9, 2), np.float32))

    margins = _classifier().margins(pictures, tf.constant([0, 1, 2]))

    np.testing.assert_allclose(margins, [2 - 9, 9 - 5, 5 - 9], rtol=1e-5)


def test_the_gradient_of_a_margin_lowers_the_greatest_other_logit_alone() -> None:
    pictures = tf.constant(np.full((1, SIZE, SIZE, 3), (5, 9, 2), np.float32))

    with tf.GradientTape() as tape:
        tape.watch(pictures)
        margin = _classifier().margins(pictures, tf.constant([0]))
    gradient = tape.gradient(margin, pictures).numpy()[0, 0, 0]

    np.testing.assert_allclose(gradient * SIZE * SIZE, [0, -1, 1], atol=1e-5)


def test_the_margin_is_the_logit_where_classes_do_not_exclude_each_other(
    pictures: np.ndarray,
) -> None:
    classifier = _classifier(activation="sigmoid")

    margins = classifier.margins(tf.constant(pictures), tf.constant([1, 2]))

    logits = classifier.logits(tf.constant(pictures)).numpy()
    np.testing.assert_allclose(margins, [logits[0, 1], logits[1, 2]], rtol=1e-6)


def test_a_single_sigmoid_is_two_classes() -> None:
    two = binary_to_two_class(lambda logits: logits)

    probabilities = tf.nn.softmax(two(tf.constant([[0.0], [1.5]]))).numpy()

    np.testing.assert_allclose(probabilities[0], [0.5, 0.5])
    np.testing.assert_allclose(probabilities[1, 1], 1 / (1 + np.exp(-1.5)), rtol=1e-6)


def test_a_class_is_called_by_its_usual_name_or_by_its_index_without_one() -> None:
    assert _classifier().label(0) == "one"
    assert _classifier(names=None).label(2) == "2"
