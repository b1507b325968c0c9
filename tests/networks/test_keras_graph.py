"""A traced graph contains every convolution of a model, and the layers that follow it."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from filter_atlas.base.errors import ModelError
from filter_atlas.base.paths import portable
from filter_atlas.networks.keras_graph import safe_name, trace_model
from keras_models import nested, odd, residual, sequential


def test_every_convolution_is_found_in_network_order_with_its_number_of_filters() -> None:
    found = trace_model(residual(), "residual").architecture("Residual")

    assert [(layer.name, layer.filters) for layer in found.layers] == [
        ("stem", 6),
        ("depthwise", 6),
        ("project", 6),
        ("wide", 3),
    ]
    assert found.title == "Residual"


def test_batch_norms_up_to_the_activation_belong_to_a_convolution_and_others_do_not() -> None:
    found = trace_model(residual(), "residual").convolutions

    norms = {
        name: [norm.name for norm in convolution.normalisations]
        for name, convolution in found.items()
    }
    assert norms == {
        "stem": ["stem_norm"],
        "depthwise": ["depthwise_norm"],
        "project": [],
        "wide": [],
    }
    fused = trace_model(sequential(), "sequential").convolutions["fused"]
    assert fused.normalisations == ()


def test_a_filter_is_separable_if_stride_padding_and_groups_allow_it() -> None:
    separable = {
        name: convolution.is_separable_by_filter
        for build in (sequential, residual, odd)
        for name, convolution in trace_model(build(), "network").convolutions.items()
    }

    assert separable == {
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


def test_layers_of_nested_models_have_distinct_names_that_are_safe_in_files() -> None:
    found = trace_model(nested(), "nested").architecture("Nested")

    first, second = found.layers
    assert (first.paper_name, second.paper_name) == ("same name", "inner/same name")
    assert len({first.name, second.name}) == 2
    assert all(set("/ ").isdisjoint(layer.name) for layer in found.layers)
    assert found.layer("inner/same name") == second


def test_a_name_that_looks_like_a_pattern_means_its_own_layer() -> None:
    named = [layers.Conv2D(2, 3, name=name) for name in ("a[0]", "a0", "a*")]
    model = keras.Sequential([keras.Input((None, None, 3)), *named])
    found = trace_model(model, "signs").architecture("Signs")

    assert [layer.paper_name for layer in found.matching("a[0]")] == ["a[0]"]
    assert [layer.paper_name for layer in found.matching("a*")] == ["a*"]
    assert [layer.paper_name for layer in found.matching("a?")] == ["a0", "a*"]


def test_a_fixed_size_after_the_convolutions_does_not_matter() -> None:
    graph = trace_model(nested(), "nested")

    assert graph.size is None
    assert graph.output_sides(64) == dict.fromkeys(graph.convolutions, 64)


def test_a_network_whose_convolutions_need_a_fixed_size_keeps_it() -> None:
    picture = keras.Input((40, 40, 3))
    flat = layers.Reshape((20, 80, 3))(picture)
    fixed = keras.Model(picture, layers.Conv2D(2, 3)(flat))

    assert trace_model(fixed, "fixed").size == 40


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

    assert trace_model(keras.Sequential(sizes), "fixed").size == 40


def test_a_batch_norm_over_another_axis_than_the_filters_is_ignored() -> None:
    convolution = layers.Conv2D(40, 3, padding="same", name="only")
    rows = layers.BatchNormalization(axis=1)

    graph = trace_model(keras.Sequential([keras.Input((40, 40, 3)), convolution, rows]), "rows")

    assert graph.convolutions["only"].normalisations == ()


def test_only_the_convolutions_of_a_nested_model_without_a_graph_are_untraced() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inside = layers.Conv2D(3, 3, name="inside")

        def call(self, tensor: object) -> object:
            return self.inside(tensor)

    parts = [layers.Conv2D(3, 3, name="before"), Own(), layers.Conv2D(3, 3, name="after")]
    for size in (None, 32):
        graph = trace_model(keras.Sequential([keras.Input((size, size, 3)), *parts]), "mixed")

        assert list(graph.convolutions) == ["before", "after"]
        assert graph.untraced == ("inside",)
        assert graph.size is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [("block5_conv1", "block5_conv1"), ("a.b-c_1", "a.b-c_1")],
)
def test_a_safe_name_is_unchanged(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["<img onerror=1>", "a/b", "..", "~", "conv 1", "é", "{x}", "*"])
def test_an_unsafe_name_becomes_a_unique_safe_one(name: str) -> None:
    safe = safe_name(name)

    assert safe != safe_name(f"{name}!")
    assert not set(safe) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert not safe.startswith(".")


@pytest.mark.parametrize(
    "name",
    [
        *("a_top", "a_TOP", "search", "overview", "variants", "dreams", "classes", "a" * 200),
        *("con", "COM1", "aux.conv"),  # Windows reserves them
    ],
)
def test_a_name_that_is_reserved_or_too_long_is_changed(
    name: str,
) -> None:
    assert safe_name(name) != name
    assert len(safe_name(name)) <= 80
    assert portable(safe_name(name)) == safe_name(name)


def test_names_that_differ_only_by_case_become_distinct() -> None:
    named = [layers.Conv2D(2, 3, name=name) for name in ("conv", "Conv", "CONV")]

    found = trace_model(keras.Sequential([keras.Input((None, None, 3)), *named]), "case")

    assert next(iter(found.convolutions)) == "conv"
    assert len({name.casefold() for name in found.convolutions}) == 3


def test_a_shared_layer_appears_once_at_its_first_call() -> None:
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    other = layers.Conv2D(3, 3, padding="same", name="other")
    picture = keras.Input((None, None, 3))
    twice = keras.Model(picture, shared(other(shared(picture))))

    assert list(trace_model(twice, "twice").convolutions) == ["shared", "other"]


def test_the_smallest_size_is_one_that_every_convolution_accepts() -> None:
    picture = keras.Input((None, None, 3))
    tensor = picture
    for number in range(3):
        tensor = layers.Conv2D(2, 11, strides=2, name=f"c{number}")(tensor)

    graph = trace_model(keras.Model(picture, tensor), "greedy")

    assert graph.smallest_size() == 80
    assert graph.accepts(80)
    assert not graph.accepts(64)


def _two_inputs() -> keras.Model:
    pictures = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    return keras.Model(pictures, layers.Conv2D(2, 3)(layers.Add()(pictures)))


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (
            lambda: keras.Sequential([keras.Input((100, 2)), layers.Conv1D(4, 3)]),
            r"one-dimensional data of shape \(None, 100, 2\), and only filters over pictures are",
        ),
        (
            lambda: keras.Sequential([keras.Input((8, 8, 8, 1)), layers.Conv3D(4, 3)]),
            r"three-dimensional data of shape \(None, 8, 8, 8, 1\)",
        ),
        (
            lambda: keras.Sequential([keras.Input((8,)), layers.Dense(2)]),
            r"data of shape \(None, 8",
        ),
        (_two_inputs, r"data of shape \(None, 8, 8, 3\) and \(None, 8, 8, 3\)"),
        (
            lambda: keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)]),
            "no 2-D convolution",
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
def test_an_unsuitable_network_is_refused_in_one_line(build: object, reason: str) -> None:
    assert callable(build)

    with pytest.raises(ModelError, match=reason) as caught:
        trace_model(build(), "it")

    assert "\n" not in str(caught.value)


def test_a_model_without_a_graph_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, inputs: object) -> object:
            return inputs

    own = Own()
    own(np.zeros((1, 8, 8, 3)))

    with pytest.raises(ModelError, match="graph is not known"):
        trace_model(own, "own")
