"""What the graph of a model tells of its convolutions."""

from collections.abc import Callable

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


def test_a_name_with_signs_of_patterns_in_it_means_its_own_layer() -> None:
    named = [layers.Conv2D(2, 3, name=name) for name in ("a[0]", "a0", "a*")]
    model = keras.Sequential([keras.Input((None, None, 3)), *named])
    found = architecture(lay_open(model, "signs"), "Signs")

    assert [one.paper_name for one in found.matching("a[0]")] == ["a[0]"]
    assert [one.paper_name for one in found.matching("a*")] == ["a*"]
    assert [one.paper_name for one in found.matching("a?")] == ["a0", "a*"]


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
    "fixing",
    [
        lambda: layers.PReLU(),
        lambda: layers.BatchNormalization(axis=1),
        lambda: layers.LayerNormalization(axis=(1, 2, 3)),
    ],
)
def test_a_network_with_weights_for_every_cell_keeps_its_size(
    fixing: Callable[[], keras.Layer],
) -> None:
    sizes = [keras.Input((40, 40, 3)), fixing(), layers.Conv2D(2, 3)]

    assert lay_open(keras.Sequential(sizes), "fixed").size == 40


def test_a_batch_norm_over_another_axis_than_the_filters_is_not_theirs() -> None:
    convolution = layers.Conv2D(40, 3, padding="same", name="only")
    rows = layers.BatchNormalization(axis=1)

    graph = lay_open(keras.Sequential([keras.Input((40, 40, 3)), convolution, rows]), "rows")

    assert graph.convolutions["only"].normalisations == ()


def test_a_nested_model_without_a_graph_hides_its_own_convolutions_and_no_others() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inside = layers.Conv2D(3, 3, name="inside")

        def call(self, tensor: object) -> object:
            return self.inside(tensor)

    parts = [layers.Conv2D(3, 3, name="before"), Own(), layers.Conv2D(3, 3, name="after")]
    for size in (None, 32):
        graph = lay_open(keras.Sequential([keras.Input((size, size, 3)), *parts]), "mixed")

        assert list(graph.convolutions) == ["before", "after"]
        assert graph.hidden == ("inside",)
        assert graph.size is None


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


@pytest.mark.parametrize(
    "name", ["a_top", "a_TOP", "search", "overview", "variants", "dreams", "classes", "a" * 200]
)
def test_a_name_that_would_be_that_of_another_file_or_too_long_for_one_is_changed(
    name: str,
) -> None:
    assert safe_name(name) != name
    assert len(safe_name(name)) <= 80


def test_names_that_differ_only_by_case_become_names_that_differ_by_more() -> None:
    named = [layers.Conv2D(2, 3, name=name) for name in ("conv", "Conv", "CONV")]

    found = lay_open(keras.Sequential([keras.Input((None, None, 3)), *named]), "case")

    assert next(iter(found.convolutions)) == "conv"
    assert len({name.casefold() for name in found.convolutions}) == 3


def test_a_shared_layer_counts_once_where_it_is_first() -> None:
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    other = layers.Conv2D(3, 3, padding="same", name="other")
    picture = keras.Input((None, None, 3))
    twice = keras.Model(picture, shared(other(shared(picture))))

    assert list(lay_open(twice, "twice").convolutions) == ["shared", "other"]


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
        (
            lambda: keras.Sequential(
                [keras.Input((3, 32, 32)), layers.Conv2D(2, 3, data_format="channels_first")]
            ),
            "channels first",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((32, 32, 3)), layers.Conv2D(2, 3, name="c", dtype="float64")]
            ),
            "c has weights in float64; convert",
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
