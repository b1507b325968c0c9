"""What feeds each convolution of a Keras model, and what lies between."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.sources import PICTURE, NoSources, Source
from linear_networks import SOURCE, randomise, residual


def sources_of(model: keras.Model, layer: str) -> list[Source]:
    found = KerasNetwork(model, SOURCE).sources(layer)
    assert not isinstance(found, NoSources), found
    return list(found)


def described(found: list[Source]) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.layer, one.between) for one in found]


def test_what_lies_between_two_convolutions_is_told() -> None:
    model = randomise(residual())

    assert described(sources_of(model, "stem")) == [(PICTURE, ())]
    assert described(sources_of(model, "depthwise")) == [("stem", ("ReLU", "max pooling"))]
    assert described(sources_of(model, "project")) == [("depthwise", ("ReLU",))]
    assert described(sources_of(model, "grouped")) == [
        ("stem", ("ReLU", "max pooling", "addition", "batch norm")),
        ("project", ("addition", "batch norm", "ReLU")),
    ]


def test_concatenated_channels_keep_their_filters_and_a_batch_norm_is_a_factor() -> None:
    model = randomise(residual())

    last = sources_of(model, "last")
    grouped = sources_of(model, "grouped")

    assert [one.filters.tolist() for one in last] == [
        [0, 1, 2, 3, 4, 5, -1, -1, -1, -1],
        [0, 1, 2, 3, 4, 5, -1, -1, -1, -1],
        [-1, -1, -1, -1, -1, -1, 0, 1, 2, 3],
    ]
    norm = model.get_layer("added_norm")
    scale = np.asarray(norm.gamma) / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
    np.testing.assert_allclose(grouped[0].factors, scale, rtol=1e-6)


def gated(tensor: Any) -> Any:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(tensor)
    return layers.Multiply(name="gate")([tensor, gate])


class Own(layers.ReLU):  # type: ignore[misc]
    """A user's layer, which may do anything."""


@pytest.mark.parametrize(
    ("between", "reason"),
    [
        (gated, "gate (Multiply) is not linearised"),
        (layers.LayerNormalization(name="norm"), "norm (LayerNormalization) is not linearised"),
        (Own(name="own"), "own (Own) is not linearised"),
        (layers.Softmax(name="soft"), "soft (Softmax) is not linearised"),
    ],
)
def test_what_is_not_linear_is_refused_with_its_name(between: Any, reason: str) -> None:
    picture = keras.Input((None, None, 3))
    below = layers.Conv2D(4, 3, name="below")(picture)
    model = keras.Model(picture, layers.Conv2D(2, 3, name="above")(between(below)))
    network = KerasNetwork(model, SOURCE)

    assert network.sources("above") == NoSources(reason)
    assert not isinstance(network.sources("below"), NoSources)
