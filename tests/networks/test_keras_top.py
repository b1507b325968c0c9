"""The top of a classifier: the logits of the whole model, also from other values of a layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filter_atlas.networks.keras_top import Classifier, classifier_of
from filter_atlas.settings.network_source import NetworkSource
from keras_models import residual

SOURCE = NetworkSource(kind="function", name="a:b", weights="own")


def model(activation: str | None = "softmax", own_layer: bool = False) -> keras.Model:
    """A classifier with a shortcut beside the layer `project`."""
    body = residual()
    pooled = layers.GlobalAveragePooling2D()(layers.ReLU()(body.output))
    logits = layers.Dense(4, activation=None if own_layer else activation, name="dense")(pooled)
    if own_layer and activation:
        logits = layers.Activation(activation)(logits)
    return keras.Model(body.input, logits)


def square(side: int = 33) -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (side, side, 3)).astype(np.uint8)


def classifier(**options: object) -> Classifier:
    found = classifier_of(model(**options), SOURCE, 33)  # type: ignore[arg-type]
    assert found
    return found


@pytest.mark.parametrize("options", [{}, {"own_layer": True}, {"activation": "sigmoid"}], ids=str)
def test_the_logits_are_those_before_the_activation(options: dict[str, object]) -> None:
    whole = model(**options)  # type: ignore[arg-type]
    found = classifier_of(whole, SOURCE, 33)
    assert found

    logits = found.see(square()).logits

    probabilities = whole(square()[np.newaxis].astype(np.float32))[0]
    expected = tf.sigmoid(logits) if "activation" in options else tf.nn.softmax(logits)
    np.testing.assert_allclose(expected, probabilities, rtol=1e-5)


def test_a_layer_with_its_own_values_gives_the_same_logits() -> None:
    top = classifier(activation=None).see(square())

    for layer in ("stem", "depthwise", "project", "wide"):
        again = top.logits_from(layer, tf.repeat(top.value(layer), 3, axis=0))
        np.testing.assert_allclose(again, [top.logits] * 3, rtol=1e-5)


def test_what_lies_beside_a_layer_stays_as_it_is() -> None:
    whole = model(activation=None)
    found = classifier_of(whole, SOURCE, 33)
    assert found
    top = found.see(square())

    without = top.logits_from("project", tf.zeros_like(top.value("project")))[0]

    stem = keras.Model(whole.input, whole.get_layer("stem").output)
    norm, relu = whole.layers[2], whole.layers[3]
    seen = relu(norm(stem(square()[np.newaxis].astype(np.float32)), training=False))
    pooled = tf.reduce_mean(tf.nn.relu(whole.get_layer("wide")(seen)), axis=[1, 2])
    np.testing.assert_allclose(without, whole.get_layer("dense")(pooled)[0], rtol=1e-4, atol=1e-4)


def test_a_network_without_classes_has_no_top() -> None:
    assert classifier_of(residual(), SOURCE, 33) is None
    picture = keras.Input((None, None, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(picture))
    assert classifier_of(keras.Model(picture, pooled), SOURCE, 33) is None


def test_a_top_that_takes_another_size_is_no_top() -> None:
    picture = keras.Input((32, 32, 3))
    flat = layers.Flatten()(layers.Conv2D(2, 3, name="only")(picture))
    fixed = keras.Model(picture, layers.Dense(3, activation="softmax")(flat))

    assert classifier_of(fixed, SOURCE, 64) is None
    found = classifier_of(fixed, SOURCE, 32)
    assert found
    assert found.see(square(32)).logits.shape == (3,)
