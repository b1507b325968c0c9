"""The dream itself, with VGG16's first layers and random weights."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base import vgg16_spec
from filter_atlas.base.errors import WeightsError
from filter_atlas.dream.deep_dream import (
    DeepDream,
    DreamResult,
    guide_similarity,
    resized,
    root_mean_square,
)
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.dreams import Dream

LAYER = "block2_conv1"
WHOLE = 4096
"""Side of a tile that is larger than all pictures of these tests."""


@pytest.fixture(scope="module")
def vgg() -> Vgg16:
    """Random weights up to block3_conv1, scaled so that activations neither vanish nor explode."""
    random = np.random.default_rng(0)
    tensors = {}
    for layer in vgg16_spec.layers_up_to("block3_conv1"):
        spread = np.float32(np.sqrt(2 / np.prod(layer.kernel_shape[:-1])))
        kernel = random.standard_normal(layer.kernel_shape, np.float32) * spread
        tensors[f"{layer.name}/kernel"] = tf.constant(kernel)
        tensors[f"{layer.name}/bias"] = tf.constant(
            random.standard_normal(layer.filters, np.float32)
        )
    return Vgg16(tensors)


def photo(height: int = 45, width: int = 66, seed: int = 0) -> np.ndarray:
    """A picture with coarse and fine detail."""
    random = np.random.RandomState(seed)
    coarse = resized(random.uniform(40, 210, (5, 7, 3)).astype(np.float32), (height, width))
    return np.clip(coarse + random.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)


def settings(**changes: Any) -> Dream:
    few = {"octaves": 2, "steps": 2, "step_size": 4.0, "jitter": 40}
    return Dream.model_validate(
        {"photo": "photo.jpg", "layers": [{"layer": LAYER}], **few, **changes}
    )


def dreamt(vgg: Vgg16, pixels: np.ndarray, **changes: Any) -> DreamResult:
    return DeepDream(settings(**changes), vgg).dream(pixels)


def as_network_sees(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., ::-1].astype(np.float32)


def same(first: DreamResult, second: DreamResult) -> bool:
    return np.array_equal(first.pixels, second.pixels) and first.loss == second.loss


@pytest.mark.parametrize("filter", [-1, 5])
def test_the_objective_is_the_mean_of_the_squared_activations_of_a_layer_or_a_filter(
    filter: int, vgg: Vgg16
) -> None:
    # The mirrored surroundings do not count, but cells at the border see a part of them.
    picture = as_network_sees(photo(64, 96))
    mirrored = np.pad(picture, [(32, 32), (32, 32), (0, 0)], mode="symmetric")[None]
    below = vgg.input_features(tf.constant(mirrored), [LAYER])[LAYER]
    activations = tf.nn.relu(vgg.pre_activations(below, LAYER)).numpy()

    layers = [{"layer": LAYER, "filter": filter}]
    loss, _ = DeepDream(settings(layers=layers), vgg).gradient(picture, (0, 0))

    inside = activations[0, 16:48, 16:64]
    expected = inside if filter < 0 else inside[..., filter]
    assert loss == pytest.approx(np.square(expected).mean(), rel=1e-4)


def test_terms_are_weighted(vgg: Vgg16) -> None:
    picture = as_network_sees(photo())

    def loss(*layers: dict[str, Any]) -> float:
        return DeepDream(settings(layers=layers), vgg).gradient(picture, (3, 5))[0]

    one = {"layer": "block1_conv2", "filter": 3}
    two = {"layer": "block2_conv1"}

    together = loss({**one, "weight": 0.5}, {**two, "weight": 3.0})

    assert together == pytest.approx(0.5 * loss(one) + 3 * loss(two), rel=1e-5)


def test_the_gradient_is_that_of_the_objective(vgg: Vgg16) -> None:
    picture = as_network_sees(photo(48, 64))
    deep_dream = DeepDream(settings(), vgg)
    _, gradient = deep_dream.gradient(picture, (0, 0))
    nudge = gradient / root_mean_square(gradient)
    nudge[:12] = nudge[-12:] = nudge[:, :12] = nudge[:, -12:] = 0  # leave the mirrored pixels out

    above, _ = deep_dream.gradient(picture + 0.05 * nudge, (0, 0))
    below, _ = deep_dream.gradient(picture - 0.05 * nudge, (0, 0))

    slope = float((gradient * nudge).sum(dtype=np.float64)) / (48 * 64)
    assert slope == pytest.approx((above - below) / 0.1, rel=0.02)


@pytest.mark.parametrize("layer", ["block1_conv2", "block2_conv1", "block3_conv1"])
def test_the_gradient_by_tiles_is_exact_if_the_margin_is_wide_enough(
    layer: str, vgg: Vgg16
) -> None:
    picture = as_network_sees(photo(150, 101))
    layers = [{"layer": layer}]

    whole, expected = DeepDream(settings(layers=layers, tile=WHOLE), vgg).gradient(
        picture, (16, 32)
    )
    by_tiles, gradient = DeepDream(settings(layers=layers, tile=64), vgg).gradient(
        picture, (16, 32)
    )

    assert by_tiles == pytest.approx(whole, rel=1e-6)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_the_objective_rises_in_every_octave(vgg: Vgg16) -> None:
    result = dreamt(vgg, photo(), steps=6, octaves=2)

    assert len(result.loss) == 2
    for octave in result.loss:
        assert len(octave) == 6
        assert octave[-1] > octave[0] * 1.2


@pytest.mark.parametrize("shape", [(45, 66), (33, 90), (71, 40)])
def test_a_dream_has_the_size_of_its_photograph(shape: tuple[int, int], vgg: Vgg16) -> None:
    result = dreamt(vgg, photo(*shape), tile=64)

    assert result.pixels.shape == (*shape, 3)
    assert result.pixels.dtype == np.uint8


@pytest.mark.parametrize("changes", [{"steps": 0}, {"step_size": 1e-6}], ids=str)
def test_octaves_lose_no_detail_of_the_photograph(changes: dict[str, Any], vgg: Vgg16) -> None:
    result = dreamt(vgg, photo(90, 131), octaves=4, **changes)

    np.testing.assert_array_equal(result.pixels, photo(90, 131))


def test_the_change_of_a_small_octave_is_kept_in_the_large_one(
    vgg: Vgg16,
) -> None:
    pixels = photo(64, 64)

    large = dreamt(vgg, pixels, octaves=1, steps=1)
    both = dreamt(vgg, pixels, octaves=2, octave_scale=2.0, steps=1)

    assert both.loss[1][0] > large.loss[0][0]


def test_octaves_too_small_for_the_network_are_left_out(vgg: Vgg16) -> None:
    assert len(dreamt(vgg, photo(33, 90), octaves=6, steps=1).loss) == 1
    assert len(dreamt(vgg, photo(64, 90), octaves=6, octave_scale=2.0, steps=1).loss) == 2


def test_equal_seeds_give_equal_bytes_and_other_seeds_others(
    vgg: Vgg16,
) -> None:
    first = dreamt(vgg, photo())

    assert same(first, dreamt(vgg, photo()))
    assert not same(first, dreamt(vgg, photo(), seed=1))


def test_without_jitter_the_seed_does_not_matter(vgg: Vgg16) -> None:
    still = dreamt(vgg, photo(), jitter=0)

    assert same(still, dreamt(vgg, photo(), jitter=0, seed=1))


def test_frames_of_an_animation_have_their_own_shifts(vgg: Vgg16) -> None:
    deep_dream = DeepDream(settings(), vgg)

    assert same(deep_dream.dream(photo()), deep_dream.dream(photo(), number=0))
    assert not same(deep_dream.dream(photo()), deep_dream.dream(photo(), number=1))
    assert len(deep_dream.dream(photo(), steps=1).loss[0]) == 1


def test_one_graph_serves_pictures_of_all_sizes(vgg: Vgg16) -> None:
    deep_dream = DeepDream(settings(tile=64), vgg)

    for shape in [(45, 66), (90, 40), (131, 77)]:
        deep_dream.dream(photo(*shape))

    assert deep_dream._graph.experimental_get_tracing_count() == 1


def test_the_dream_of_a_layer_of_red_is_red(vgg: Vgg16) -> None:
    # Inside the network channels are BGR: this layer sees red only.
    kernel = np.zeros((3, 3, 3, 64), np.float32)
    kernel[1, 1, 2] = 1
    red = Vgg16({"block1_conv1/kernel": tf.constant(kernel), "block1_conv1/bias": tf.zeros(64)})

    result = dreamt(red, photo(), layers=[{"layer": "block1_conv1"}], steps=5)

    change = result.pixels.astype(int) - photo()
    assert change[..., 0].mean() > 5
    assert not change[..., 1:].any()


def test_a_guided_dream_differs_and_comes_closer_to_its_guide(
    vgg: Vgg16,
) -> None:
    guide = photo(40, 40, seed=9)

    def features(pixels: np.ndarray) -> tf.Tensor:
        below = vgg.input_features(tf.constant(as_network_sees(pixels)[None]), [LAYER])[LAYER]
        return tf.nn.relu(vgg.pre_activations(below, LAYER))

    def closeness(pixels: np.ndarray) -> float:
        cells = tf.reshape(features(guide), [-1, 128])
        return float(tf.reduce_mean(guide_similarity(features(pixels), cells)))

    changes: dict[str, Any] = {"steps": 6, "octaves": 1}
    guided = DeepDream(settings(guide="fox.jpg", **changes), vgg, guide).dream(photo())
    free = DeepDream(settings(**changes), vgg).dream(photo())

    assert not np.array_equal(guided.pixels, free.pixels)
    assert closeness(guided.pixels) > closeness(photo()) * 1.1
    assert guided.loss[0][-1] > guided.loss[0][0]


def test_guide_similarity_is_the_product_with_the_best_match() -> None:
    activations = np.array([[[[1, 0], [0, 2]]]], np.float32)
    guide = np.array([[3, 0], [0, 5], [1, 1]], np.float32)

    values = guide_similarity(tf.constant(activations), tf.constant(guide)).numpy()

    assert values.tolist() == [[[1.5, 5.0]]]


def test_a_response_that_is_not_finite_is_refused(vgg: Vgg16) -> None:
    broken = Vgg16({**vgg.weights, f"{LAYER}/bias": tf.fill([128], np.float32("inf"))})

    with pytest.raises(WeightsError, match="not finite; give other weights of the network"):
        dreamt(broken, photo())


def test_resizing_is_linear_so_that_detail_can_be_added_again() -> None:
    one, other = (photo(30, 41, seed).astype(np.float32) for seed in (1, 2))

    np.testing.assert_allclose(
        resized(one - 2 * other, (45, 66)),
        resized(one, (45, 66)) - 2 * resized(other, (45, 66)),
        atol=1e-3,
    )
    assert resized(one, (30, 41)) is one


def test_the_root_mean_square_is_that_of_all_values() -> None:
    values = np.random.RandomState(0).normal(0, 3, (7, 9, 3)).astype(np.float32)

    assert root_mean_square(values) == pytest.approx(np.sqrt(np.mean(values.astype(float) ** 2)))
