"""Attribution shares out logits completely, and finds the filters that a class depends on."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filter_atlas.networks.keras_top import KerasTop, classifier_of
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.views import attribution
from filter_atlas.views.attribution import (
    NODES,
    attribute,
    attribute_photograph,
    logit_falls,
    speakers,
)
from filter_atlas.views.speakers import TOLERANCE, AttributionRecord

SOURCE = NetworkSource(kind="function", name="a:b", weights="own")
FILTERS = 24

GAIN = 20
"""With this gain, `deeper` is at its limit of 6 from some share of the values of `seen` on."""


def top(deep: bool = False, gain: float = 1) -> KerasTop:
    """A classifier of 5 classes; class 1 depends on the filters 0 to 3 of `seen` alone.

    Args:
        deep: whether another layer follows, which is linear up to 6.
        gain: factor of all kernels.
    """
    keras.utils.set_random_seed(0)
    picture = keras.Input((None, None, 3))
    tensor = layers.Conv2D(FILTERS, 3, padding="same", activation="relu", name="seen")(picture)
    if deep:
        tensor = layers.Conv2D(FILTERS, 3, padding="same", name="deeper")(tensor)
        tensor = layers.ReLU(6.0)(layers.BatchNormalization()(tensor))
    pooled = layers.GlobalAveragePooling2D()(tensor)
    model = keras.Model(picture, layers.Dense(5, activation="softmax", name="dense")(pooled))
    kernel, bias = model.get_layer("dense").get_weights()
    kernel = np.abs(kernel)
    if not deep:
        kernel[:, 1] = 0
        kernel[:4, 1] = [1, 2, 3, 4]
    model.get_layer("dense").set_weights([kernel, bias + 1])
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.set_weights([np.abs(layer.get_weights()[0]) * gain / 300, layer.get_weights()[1]])
    found = classifier_of(model, SOURCE, 32)
    assert found
    square = np.random.RandomState(0).randint(0, 256, (32, 32, 3)).astype(np.uint8)
    return found.see(square)


def test_in_a_linear_top_both_methods_give_the_parts_of_the_logit() -> None:
    classifier = top()

    found = attribute(classifier, "seen", [1])

    mean = classifier.value("seen").numpy()[0].mean(axis=(0, 1))
    expected = np.zeros(FILTERS)
    expected[:4] = mean[:4] * [1, 2, 3, 4]
    np.testing.assert_allclose(found.gradient[0], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.integrated[0], expected, rtol=1e-4, atol=1e-6)
    assert set(speakers(found.integrated[0])) == {0, 1, 2, 3}


@pytest.mark.parametrize("layer", ["seen", "deeper"])
def test_integrated_gradients_are_complete(layer: str) -> None:
    classifier = top(deep=True)

    found = attribute(classifier, layer, [0, 2, 4])

    every = list(range(FILTERS))
    falls = [logit_falls(classifier, layer, index, [every])[0] for index in (0, 2, 4)]
    assert (found.incomplete <= TOLERANCE).all()
    np.testing.assert_allclose(found.integrated.sum(axis=1), falls, rtol=2 * TOLERANCE)


def test_integrated_gradients_are_the_mean_over_the_midpoints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classifier = top(deep=True, gain=GAIN)
    value = classifier.value("seen")
    # So that all numbers of nodes are tried.
    monkeypatch.setattr(attribution, "TOLERANCE", 0)
    monkeypatch.setattr(attribution, "SLACK", np.inf)

    found = attribute(classifier, "seen", [2])

    expected = np.zeros(FILTERS)
    for node in range(NODES[-1]):
        values = value * ((node + 0.5) / NODES[-1])
        with tf.GradientTape() as tape:
            tape.watch(values)
            logit = classifier.logits_from("seen", values)[0, 2]
        expected += tf.reduce_sum(tape.gradient(logit, values) * value, axis=(0, 1, 2)).numpy()
    np.testing.assert_allclose(found.integrated[0], expected / NODES[-1], rtol=1e-4, atol=1e-5)


def test_nothing_is_removed_where_integrated_gradients_are_not_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attribution, "NODES", (1,))

    record = attribute_photograph("d", top(deep=True, gain=GAIN), {"seen": [1, 3, 9]}, str, 1)

    for spoken in record.layers["seen"]:
        assert spoken.incomplete > TOLERANCE
        assert (spoken.fall, spoken.random_falls) == (None, ())
        assert not spoken.is_confirmed
        assert spoken.favour


def test_removing_filters_takes_their_part_of_the_logit() -> None:
    classifier = top()
    found = attribute(classifier, "seen", [1])

    falls = logit_falls(classifier, "seen", 1, [[3], [0, 3], [5, 6, 7], []])

    expected = [found.integrated[0][chosen].sum() for chosen in ([3], [0, 3])]
    np.testing.assert_allclose(falls, [*expected, 0, 0], atol=1e-5)


def test_the_record_has_the_likeliest_classes_and_the_drawn_filters() -> None:
    classifier = top()
    logits = classifier.logits.numpy()

    record = attribute_photograph("d", classifier, {"seen": [1, 3, 9]}, "class {}".format, 1)

    assert [one.index for one in record.classes] == np.argsort(-logits)[:3].tolist()
    assert record.classes[0].name == f"class {record.classes[0].index}"
    assert len(record.layers["seen"]) == 3
    for spoken in record.layers["seen"]:
        assert {index for index, *_ in spoken.favour} <= {1, 3, 9}
        parts = [part for _, part, _ in spoken.favour]
        assert parts == sorted(parts, reverse=True)
        assert spoken.fall is not None
        falls_most = spoken.fall > max(spoken.random_falls)
        assert spoken.is_confirmed == (falls_most and spoken.incomplete <= TOLERANCE)
        assert spoken.incomplete <= TOLERANCE


def test_a_record_reads_back(tmp_path: object) -> None:
    record = attribute_photograph("d", top(), {"seen": [1, 3, 9]}, str, 2)

    path = f"{tmp_path}/attribution.json"
    with open(path, "wb") as file:
        file.write(record.to_json())
    assert AttributionRecord.from_file(path) == record
