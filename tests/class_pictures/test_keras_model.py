"""The logits of any Keras classifier, found by its graph."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures import keras_model

SHAPE = (32, 32, 3)
CLASSES = 4

Ending = Callable[[], list[keras.layers.Layer]]


def _body(shape: tuple[int | None, ...] = SHAPE) -> list[keras.layers.Layer]:
    return [
        keras.Input(shape),
        keras.layers.Normalization(mean=[100.0], variance=[400.0]),
        keras.layers.Conv2D(5, 3, strides=4, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalMaxPooling2D(),
    ]


def _fused() -> list[keras.layers.Layer]:
    return [keras.layers.Dense(CLASSES, activation="softmax")]


def _separate() -> list[keras.layers.Layer]:
    return [keras.layers.Dense(CLASSES), keras.layers.Softmax()]


def _activation() -> list[keras.layers.Layer]:
    return [keras.layers.Dense(CLASSES), keras.layers.Activation("softmax")]


def _with_noop_layers() -> list[keras.layers.Layer]:
    return [*_fused(), keras.layers.Dropout(0.5), keras.layers.Activation("linear")]


def _nested() -> list[keras.layers.Layer]:
    return [keras.Sequential([keras.Input((5,)), *_fused()])]


def _nested_twice() -> list[keras.layers.Layer]:
    return [keras.Sequential([keras.Input((5,)), *_nested(), keras.layers.Identity()])]


def _functional() -> list[keras.layers.Layer]:
    inputs = keras.Input((5,))
    sides = [keras.layers.Dense(3)(inputs), keras.layers.Dense(2)(inputs)]
    logits = keras.layers.Dense(CLASSES)(keras.layers.Concatenate()(sides))
    return [keras.Model(inputs, keras.layers.Softmax()(logits))]


def _nested_of_two() -> list[keras.layers.Layer]:
    inputs = keras.Input((5,))
    sides = [keras.Input((3,)), keras.Input((2,))]
    joined = keras.layers.Dense(CLASSES, activation="softmax")(keras.layers.Concatenate()(sides))
    parts = [keras.layers.Dense(3)(inputs), keras.layers.Dense(2)(inputs)]
    return [keras.Model(inputs, keras.Model(sides, joined)(parts))]


def _already_logits() -> list[keras.layers.Layer]:
    return [keras.layers.Dense(CLASSES), keras.layers.Identity()]


def _independent_classes() -> list[keras.layers.Layer]:
    return [keras.layers.Dense(CLASSES, activation="sigmoid")]


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.RandomState(0).uniform(0, 255, (6, *SHAPE)).astype(np.float32)


def _saved(layers: list[keras.layers.Layer], path: Path) -> keras.Model:
    """A network with random parameters, in its file."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(layers)
    for variable in model.trainable_weights:
        variable.assign(keras.random.normal(variable.shape, 0.1, 0.5))
    model.save(path)
    return model


@pytest.mark.parametrize(
    "ending",
    [
        _fused,
        _separate,
        _activation,
        _with_noop_layers,
        _nested,
        _nested_twice,
        _nested_of_two,
        _functional,
    ],
)
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_the_softmax_at_the_end_is_removed(
    ending: Ending, suffix: str, pictures: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{suffix}"
    model = _saved([*_body(), *ending()], path)

    logit_model = keras_model.load(path)

    logits = logit_model.model(pictures)
    np.testing.assert_allclose(keras.ops.softmax(logits), model(pictures), rtol=1e-4, atol=1e-7)
    assert np.abs(np.sum(logits, axis=1) - 1).min() > 1e-3, "these are probabilities"
    assert (logit_model.size, logit_model.channels, logit_model.outputs) == (32, 3, CLASSES)
    assert logit_model.activation == "softmax"


def test_logits_are_left_as_they_are(pictures: np.ndarray, tmp_path: Path) -> None:
    model = _saved([*_body(), *_already_logits()], tmp_path / "model.keras")

    logit_model = keras_model.load(tmp_path / "model.keras")

    np.testing.assert_allclose(logit_model.model(pictures), model(pictures), rtol=1e-5)
    assert logit_model.activation == "softmax"


def test_classes_that_do_not_exclude_each_other_keep_their_sigmoid(
    pictures: np.ndarray, tmp_path: Path
) -> None:
    model = _saved([*_body(), *_independent_classes()], tmp_path / "model.keras")

    logit_model = keras_model.load(tmp_path / "model.keras")

    np.testing.assert_allclose(
        keras.ops.sigmoid(logit_model.model(pictures)), model(pictures), rtol=1e-4
    )
    assert logit_model.activation == "sigmoid"


def test_a_network_of_any_size_says_so(tmp_path: Path) -> None:
    _saved([*_body((None, None, 1)), *_fused()], tmp_path / "model.keras")

    logit_model = keras_model.load(tmp_path / "model.keras")

    assert (logit_model.size, logit_model.channels) == (None, 1)


def own_loss(truth: object, found: object) -> object:
    """A loss that Keras does not have."""
    return found


def test_a_loss_of_the_authors_own_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    model = keras.Sequential([*_body(), *_fused()])
    model.compile("sgd", loss=own_loss)
    model.save(path)

    assert keras_model.load(path).outputs == CLASSES


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([*_body(), keras.layers.Dense(4, activation="relu")], "ends in Dense .* with relu"),
        ([*_body(), *_fused(), keras.layers.Reshape((4,))], "ends in Reshape"),
        ([*_body(), keras.layers.Dense(1)], "a single output without a sigmoid"),
        (_body()[:3], r"gives \(None, 8, 8, 5\)"),
        ([*_body((7, 7, 3)), *_fused()], r"takes \(None, 7, 7, 3\)"),
        ([*_body((32, 48, 3)), *_fused()], r"takes \(None, 32, 48, 3\)"),
        ([*_body((32, 32, 4)), *_fused()], r"takes \(None, 32, 32, 4\)"),
        ([keras.Input((9,)), *_fused()], r"takes \(None, 9\)"),
    ],
)
def test_a_model_that_is_not_a_classifier_of_pictures_is_refused(
    layers: list[keras.layers.Layer], message: str
) -> None:
    with pytest.raises(ClassifierError, match=f"mine: .*{message}"):
        keras_model.without_activation(keras.Sequential(layers), "mine")


def test_a_classifier_of_small_grey_pictures_is_accepted() -> None:
    logit_model = keras_model.without_activation(
        keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), *_fused()]), "digits"
    )

    assert (logit_model.size, logit_model.channels) == (28, 1)


def test_two_outputs_are_refused() -> None:
    inputs = keras.Input(SHAPE)
    flat = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(2)(flat), keras.layers.Dense(2)(flat)])

    with pytest.raises(ClassifierError, match="1 inputs and 2 outputs"):
        keras_model.without_activation(model, "mine")


def test_any_name_of_a_layer_is_accepted_in_a_graph(tmp_path: Path) -> None:
    names = ("<img src=x>", "_", "-x", "ü 1", "{a}", "a\nb")
    named = [keras.layers.Dense(5, name=name) for name in names]
    keras.Sequential([*_body(), *named, *_fused()]).save(path := tmp_path / "odd.keras")
    model = keras_model.load(path).model

    assert tf.function(model)(tf.zeros((1, *SHAPE))).shape == (1, CLASSES)
