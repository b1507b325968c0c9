"""What the graph of a model tells of its convolutions."""

import keras
import numpy as np
import pytest
from keras import layers

from filter_atlas.errors import ModelError
from filter_atlas.models.graph import architecture, lay_open, safe_name

from .conftest import nested, odd, residual, sequential


def test_every_convolution_is_found_in_network_order_with_its_number_of_filters() -> None:
    found = architecture(lay_open(residual(), "residual"), "Residual")

    assert [(one.name, one.filters) for one in found.layers] == [
        ("stem", 6),
        ("depthwise", 6),
        ("project", 6),
        ("wide", 3),
    ]
    assert found.title == "Residual"


def test_batch_norms_up_to_the_activation_belong_to_a_convolution_and_others_do_not() -> None:
    found = lay_open(residual(), "residual").convolutions

    norms = {name: [one.name for one in of.normalisations] for name, of in found.items()}
    assert norms == {
        "stem": ["stem_norm"],
        "depthwise": ["depthwise_norm"],
        "project": [],
        "wide": [],
    }
    fused = lay_open(sequential(), "sequential").convolutions["fused"]
    assert fused.normalisations == ()


def test_one_filter_can_be_computed_alone_where_stride_padding_and_groups_allow() -> None:
    plain = {
        name: of.plain
        for build in (sequential, residual, odd)
        for name, of in lay_open(build(), "some").convolutions.items()
    }

    assert plain == {
        "fused": True,
        "separate": True,
        "stem": False,
        "depthwise": False,
        "project": True,
        "wide": True,
        "dilated": False,
        "grouped": False,
        "separable": False,
    }


def test_layers_of_nested_models_have_names_of_their_own_that_are_safe_in_files() -> None:
    found = architecture(lay_open(nested(), "nested"), "Nested")

    first, second = found.layers
    assert (first.paper_name, second.paper_name) == ("same name", "inner/same name")
    assert len({first.name, second.name}) == 2
    assert all(set("/ ").isdisjoint(one.name) for one in found.layers)
    assert found.layer("inner/same name") == second


def test_a_fixed_size_behind_the_convolutions_does_not_bind_them() -> None:
    graph = lay_open(nested(), "nested")

    assert graph.size is None
    assert graph.sides(64) == dict.fromkeys(graph.convolutions, 64)


def test_a_network_whose_convolutions_need_a_fixed_size_keeps_it() -> None:
    picture = keras.Input((40, 40, 3))
    flat = layers.Reshape((20, 80, 3))(picture)
    fixed = keras.Model(picture, layers.Conv2D(2, 3)(flat))

    assert lay_open(fixed, "fixed").size == 40


@pytest.mark.parametrize(
    ("name", "safe"),
    [("block5_conv1", "block5_conv1"), ("a.b-c_1", "a.b-c_1")],
)
def test_a_name_that_is_safe_stays(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["<img onerror=1>", "a/b", "..", "~", "conv 1", "é", "{x}", "*"])
def test_a_name_that_is_not_becomes_one_that_no_other_becomes(name: str) -> None:
    safe = safe_name(name)

    assert safe != safe_name(f"{name}!")
    assert not set(safe) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert not safe.startswith(".")


def test_a_shared_layer_counts_once() -> None:
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    picture = keras.Input((None, None, 3))
    twice = keras.Model(picture, shared(shared(picture)))

    assert list(lay_open(twice, "twice").convolutions) == ["shared"]


def test_the_smallest_picture_is_one_that_every_convolution_can_see() -> None:
    picture = keras.Input((None, None, 3))
    tensor = picture
    for number in range(3):
        tensor = layers.Conv2D(2, 11, strides=2, name=f"c{number}")(tensor)

    graph = lay_open(keras.Model(picture, tensor), "greedy")

    assert graph.smallest() == 80
    assert graph.takes(80)
    assert not graph.takes(64)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: keras.Sequential([keras.Input((8,)), layers.Dense(2)]), "network of pictures"),
        (
            lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)]),
            "no convolution",
        ),
    ],
)
def test_what_is_no_network_of_pictures_is_refused_in_one_line(build: object, reason: str) -> None:
    assert callable(build)

    with pytest.raises(ModelError, match=reason) as refused:
        lay_open(build(), "it")

    assert "\n" not in str(refused.value)


def test_a_model_without_a_graph_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, inputs: object) -> object:
            return inputs

    own = Own()
    own(np.zeros((1, 8, 8, 3)))

    with pytest.raises(ModelError, match="graph is not known"):
        lay_open(own, "own")
