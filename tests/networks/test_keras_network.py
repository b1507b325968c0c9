"""Pre-activations of any Keras model are those that the model itself computes."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filter_atlas.base.architecture import CONTEXT, Architecture, Layer
from filter_atlas.dream.deep_dream import DeepDream
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.dreams import Dream
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.recipe import Phase, Recipe
from filter_atlas.weights.vgg16_tensors import Tensors
from keras_models import nested

RECIPE = Recipe(
    schedule=(Phase(size=32, steps=3, step_size=8.0), Phase(size=48, steps=2, step_size=2.0)),
    circular_padding=4,
)


def source(preprocessing: Any = "raw_bgr", **changes: Any) -> NetworkSource:
    defaults = {"kind": "function", "name": "a:b", "weights": "own", "preprocessing": preprocessing}
    return NetworkSource.model_validate({**defaults, **changes})


def some_pictures(size: int = 32) -> tf.Tensor:
    values = np.random.RandomState(0).uniform(0, 255, (2, size, size, 3))
    return tf.constant(values.astype(np.float32))


NORMS = {"separate": "norm", "stem": "stem_norm", "depthwise": "depthwise_norm"}
"""The batch norm that follows a convolution, by the convolution's name."""


def test_pre_activations_are_those_that_the_model_itself_computes(model: keras.Model) -> None:
    network, pictures = KerasNetwork(model, source()), some_pictures()
    if model.inputs[0].shape[1]:
        pytest.skip("nested models are compared below")

    for name in network.graph.convolutions:
        features = network.input_features(pictures, [name])[name]
        found = network.pre_activations(features, name).numpy()
        output = model.get_layer(NORMS.get(name, name)).output
        expected = keras.Model(model.inputs, output)(pictures, training=False)
        if name == "fused":
            found = np.maximum(found, 0)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_bfloat16_differs_from_float32_only_by_rounding(model: keras.Model) -> None:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    exact, rounded = KerasNetwork(model, source()), KerasNetwork(copy, source(), "bfloat16")
    pictures = some_pictures()

    for name, convolution in exact.graph.convolutions.items():
        found, expected = (
            network.pre_activations(network.input_features(pictures, [name])[name], name).numpy()
            for network in (rounded, exact)
        )
        chosen = tf.constant([convolution.filters - 1, 0])
        separate = rounded.unit_response(name, chosen).pre_activations(pictures)
        error = np.abs(found - expected).max() / np.abs(expected).max()
        assert found.dtype == separate.dtype.as_numpy_dtype == np.float32
        # The first convolution, which gets the picture itself, is not rounded.
        assert error == 0 if name == next(iter(exact.graph.convolutions)) else 0 < error < 0.05
        for index, filter in enumerate(chosen.numpy()):
            tolerance = 0.05 * np.abs(expected).max()
            np.testing.assert_allclose(
                separate[index], expected[index, ..., filter], atol=tolerance
            )


def test_a_separate_filter_equals_the_same_filter_among_all(model: keras.Model) -> None:
    network, pictures = KerasNetwork(model, source()), some_pictures()

    for name, convolution in network.graph.convolutions.items():
        chosen = [convolution.filters - 1, 0]
        separate = (
            network.unit_response(name, tf.constant(chosen)).pre_activations(pictures).numpy()
        )
        features = network.input_features(pictures, [name])[name]
        together = network.pre_activations(features, name).numpy()
        for index, filter in enumerate(chosen):
            np.testing.assert_allclose(
                separate[index], together[index, ..., filter], rtol=1e-4, atol=1e-3
            )


def test_a_layer_in_a_nested_model_gets_the_output_of_the_outer_one() -> None:
    network, pictures = KerasNetwork(nested(), source()), some_pictures()
    outer, inner = network.graph.convolutions

    seen = network.input_features(pictures, [inner])[inner].numpy()

    np.testing.assert_allclose(
        seen,
        network.pre_activations(network.input_features(pictures, [outer])[outer], outer),
        atol=1e-3,
    )


def test_every_layer_of_every_build_can_be_drawn_and_measured(model: keras.Model) -> None:
    network = KerasNetwork(model, source())
    recipe = Recipe(schedule=(Phase(size=32, steps=2, step_size=8.0),), circular_padding=4)

    for name in network.graph.convolutions:
        drawn = LayerAscent(name, recipe, network).draw(
            [Initialisation(0, 0), Initialisation(1, 0)]
        )
        pixels = np.stack([deprocess(result.picture, recipe.contrast) for result in drawn])
        measured = LayerResponses(name, network).to_pictures(pixels, [0, 1])
        assert all(np.isfinite(result.picture).all() for result in drawn)
        assert max(drawn[0].loss) >= drawn[0].loss[0]
        assert len(measured) == 2


def test_layers_that_are_random_in_training_are_not_random_here() -> None:
    picture = keras.Input((None, None, 3))
    tensor = layers.RandomContrast(0.5)(layers.RandomFlip()(picture))
    tensor = layers.Dropout(0.5)(layers.Conv2D(4, 3, name="first")(tensor), training=True)
    network = KerasNetwork(
        keras.Model(picture, layers.Conv2D(2, 3, name="last")(tensor)), source("raw")
    )

    for name in ("first", "last"):
        one, other = (network.input_features(some_pictures(), [name])[name] for _ in range(2))
        assert np.array_equal(one, other)
    seen = network.input_features(some_pictures(), ["first"])["first"]
    np.testing.assert_allclose(seen, some_pictures()[..., ::-1])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_network_of_mixed_precision_is_drawn_in_full_precision(policy: str) -> None:
    def made(dtype: str) -> keras.Model:
        keras.utils.set_random_seed(1)
        fused = layers.LeakyReLU(dtype=dtype)
        parts = [
            layers.Conv2D(4, 3, padding="same", name="plain", dtype=dtype, activation=fused),
            layers.BatchNormalization(dtype=dtype),
            layers.SeparableConv2D(3, 3, name="separable", dtype=dtype),
        ]
        return keras.Sequential([keras.Input((None, None, 3)), *parts])

    full, mixed = (KerasNetwork(made(dtype), source()) for dtype in ("float32", policy))

    for name in ("plain", "separable"):
        one, other = (
            net.unit_response(name, tf.constant([0, 1])).pre_activations(some_pictures())
            for net in (full, mixed)
        )
        assert np.array_equal(one, other)


@pytest.mark.parametrize("size", [None, 32])
def test_a_dream_excites_every_cell_of_a_network_with_fixed_size_or_stride(
    size: int | None,
) -> None:
    bound = [layers.PReLU()] if size else []
    parts = [*bound, layers.Conv2D(4, 7, name="wide"), layers.Conv2D(3, 7, strides=4)]
    network = KerasNetwork(keras.Sequential([keras.Input((size, size, 3)), *parts]), source())
    dream = Dream.model_validate(
        {"photo": "p.jpg", "layers": [{"layer": "wide"}], "octaves": 1, "tile": 64, "jitter": 0},
        context={CONTEXT: Architecture("A", (Layer("wide", "wide", 4),))},
    )

    dreamt = DeepDream(dream, network).dream(some_pictures(150).numpy()[0].astype(np.uint8))

    assert network.graph.size == size
    (losses,) = dreamt.loss
    assert np.isfinite(losses).all()
    assert losses[-1] > losses[0]


def test_vgg16_as_a_keras_network_gives_the_same_bytes(imagenet_tensors: Tensors) -> None:
    vgg = keras.applications.VGG16(include_top=False, weights=None)
    for layer in vgg.layers:
        if layer.weights:
            names = (f"{layer.name}/kernel", f"{layer.name}/bias")
            layer.set_weights([imagenet_tensors[name] for name in names])
    own = Vgg16({name: tf.constant(tensor) for name, tensor in imagenet_tensors.items()})
    starts = [Initialisation(3, 0), Initialisation(40, 0)]

    for layer in ("block1_conv1", "block4_conv3"):
        ours = LayerAscent(layer, RECIPE, own).draw(starts)
        theirs = LayerAscent(layer, RECIPE, KerasNetwork(vgg, source(preprocessing="caffe"))).draw(
            starts
        )
        for own_result, keras_result in zip(ours, theirs, strict=True):
            assert (
                deprocess(own_result.picture, 0.15).tobytes()
                == deprocess(keras_result.picture, 0.15).tobytes()
            )
            assert own_result.loss == keras_result.loss
            assert own_result.final_activation == keras_result.final_activation


def identity(channels: int) -> keras.Model:
    """A network whose filters are the channels of its input."""
    layer = layers.Conv2D(channels, 1, use_bias=False, name="same")
    model = keras.Sequential([keras.Input((None, None, channels)), layer])
    layer.set_weights([np.eye(channels, dtype=np.float32)[None, None]])
    return model


@pytest.mark.parametrize(
    ("preprocessing", "expected"),
    [
        ("raw", [30.0, 20.0, 10.0]),
        ({"mean": 10, "std": [1, 2, 4]}, [20.0, 5.0, 0.0]),
        ({"order": "bgr", "mean": [10, 15, 20]}, [0.0, 5.0, 10.0]),
        ("raw_bgr", [10.0, 20.0, 30.0]),
        ("unit", [30 / 255, 20 / 255, 10 / 255]),
        ("tf", [30 / 127.5 - 1, 20 / 127.5 - 1, 10 / 127.5 - 1]),
        ("caffe", [10 - 103.939, 20 - 116.779, 30 - 123.68]),
    ],
)
def test_a_network_gets_the_numbers_it_was_trained_on(
    preprocessing: Any, expected: list[float]
) -> None:
    blue_green_red = tf.constant(
        np.broadcast_to(np.array([10, 20, 30], np.float32), (1, 32, 32, 3))
    )

    network = KerasNetwork(identity(3), source(preprocessing))
    found = network.input_features(blue_green_red, ["same"])["same"]

    np.testing.assert_allclose(found.numpy()[0, 0, 0], expected, rtol=1e-5)


def test_a_network_of_one_channel_gets_the_luminance() -> None:
    white = tf.fill([1, 32, 32, 3], 200.0)

    found = KerasNetwork(identity(1), source("raw")).input_features(white, ["same"])["same"]

    assert found.shape == (1, 32, 32, 1)
    assert found.numpy()[0, 0, 0, 0] == pytest.approx(200, rel=1e-4)


def test_a_network_of_many_channels_gets_the_colours_in_three_of_them() -> None:
    blue_green_red = tf.constant(
        np.broadcast_to(np.array([10, 20, 30], np.float32), (1, 32, 32, 3))
    )
    many = KerasNetwork(identity(5), source("raw", channels=(4, 0, 2)))

    found = many.input_features(blue_green_red, ["same"])["same"]

    assert found.numpy()[0, 0, 0].tolist() == [20.0, 0.0, 10.0, 0.0, 30.0]


def test_pictures_too_small_for_a_network_are_enlarged_for_it() -> None:
    picture = keras.Input((None, None, 3))
    tensor = layers.Conv2D(2, 31, strides=2, name="wide")(picture)
    model = keras.Model(picture, layers.Conv2D(2, 9, name="last")(tensor))
    network = KerasNetwork(model, source())

    drawn = LayerAscent("last", RECIPE, network).draw([Initialisation(0, 0)])[0]

    assert drawn.picture.shape == (48, 48, 3)
    assert not network.is_stride_aligned("last")
