"""How a layer responds to pictures, against NumPy and against itself in other batches."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

import reference
from filter_atlas.base.vgg16_spec import layers_up_to
from filter_atlas.measure.measures import PictureResponse, picture_values
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks import vgg16
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.microbatches import MicroBatcher

SIZE = 32


@pytest.fixture
def tiny_weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Replace VGG16 by the reference's small network; return its weights."""
    monkeypatch.setattr(vgg16, "layers_up_to", lambda name: reference.TINY_LAYERS)
    return reference.tiny_weights()


def as_network(weights: dict[str, np.ndarray]) -> Vgg16:
    return Vgg16({name: tf.constant(tensor, tf.float32) for name, tensor in weights.items()})


def respond(
    weights: dict[str, np.ndarray], pixels: np.ndarray, filters: Sequence[int]
) -> list[PictureResponse]:
    """The responses of the last tiny layer."""
    return LayerResponses("three", as_network(weights)).to_pictures(pixels, filters)


def vgg_weights(layer: str) -> dict[str, np.ndarray]:
    random = np.random.RandomState(0)
    return {
        name: tensor
        for one in layers_up_to(layer)
        for name, tensor in {
            f"{one.name}/kernel": random.normal(0, 0.1, one.kernel_shape),
            f"{one.name}/bias": random.normal(0, 1, one.filters),
        }.items()
    }


def random_pixels(count: int, size: int = SIZE) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (count, size, size, 3)).astype(np.uint8)


def activations(pixels: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Means over space of all filters of the last tiny layer."""
    bgr = pixels[..., ::-1] - reference.IMAGENET_MEAN
    return np.array(
        [reference.loss_and_gradient(bgr, weights, one, "activation")[0] for one in range(3)]
    )


def test_activations_are_those_of_numpy_for_every_filter_of_the_layer(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    pixels = random_pixels(3)

    responses = respond(tiny_weights, pixels, [0, 1, 2])

    for filter, (response, picture) in enumerate(zip(responses, pixels, strict=True)):
        expected = activations(picture, tiny_weights)
        np.testing.assert_allclose(response.activations, expected, rtol=1e-4)
        assert response.activation == pytest.approx(expected[filter], rel=1e-4)
        np.testing.assert_array_equal(response.pixels, picture)
        assert response.filter == filter


def test_pictures_by_a_recipe_of_the_article_are_also_fed_as_in_the_article(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    pixels = random_pixels(1)
    responses = LayerResponses("three", as_network(tiny_weights), as_trained=False)

    (response,) = responses.to_pictures(pixels, [2])

    bgr = pixels[0, ..., ::-1].astype(float)
    fed_raw, _ = reference.loss_and_gradient(bgr, tiny_weights, 2, "activation")
    assert response.article_activation == pytest.approx(fed_raw, rel=1e-4)
    assert response.activation == pytest.approx(activations(pixels[0], tiny_weights)[2], rel=1e-4)
    (as_trained,) = respond(tiny_weights, pixels, [2])
    assert as_trained.article_activation is None


def test_peak_and_path_are_of_the_strongest_cell_of_the_pictures_own_filter(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    pixels = random_pixels(1)

    (response,) = respond(tiny_weights, pixels, [1])

    features = pixels[0, ..., ::-1] - reference.IMAGENET_MEAN
    for name in ("one", "two"):
        kernel, bias = tiny_weights[f"{name}/kernel"], tiny_weights[f"{name}/bias"]
        features = np.maximum(reference.convolve(features, kernel, bias), 0)
    last = reference.convolve(
        reference.pool(features), tiny_weights["three/kernel"], tiny_weights["three/bias"]
    )
    cells = np.maximum(last, 0).reshape(-1, 3)
    strongest = cells[cells[:, 1].argmax()]
    assert response.peak == pytest.approx(strongest[1], rel=1e-4)
    assert response.peak > 0
    np.testing.assert_allclose(response.path, strongest / strongest.max(), atol=1e-3)
    assert len(set(response.path.tolist())) == 3


def test_shifted_pictures_mirror_their_border(tiny_weights: dict[str, np.ndarray]) -> None:
    tiny_weights["three/bias"] = np.full(3, 100.0)
    pixels = random_pixels(1)

    (response,) = respond(tiny_weights, pixels, [2])

    mirrored = np.pad(pixels[0], [(4, 4), (4, 4), (0, 0)], mode="symmetric")
    expected = activations(mirrored[:-8, :-8], tiny_weights)[2]
    assert response.shifted == pytest.approx(expected, rel=1e-4)


def test_a_picture_of_one_colour_is_unchanged_by_shifts_and_rotations(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    tiny_weights["three/bias"] = np.full(3, 500.0)
    pixels = np.full((1, SIZE, SIZE, 3), 90, np.uint8)

    (response,) = respond(tiny_weights, pixels, [0])

    for changed in (response.shifted, response.rotated):
        assert changed == pytest.approx(response.activation, rel=1e-4)


def test_a_rotation_weakens_fine_stripes_more_than_broad_ones(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    # The first layer finds vertical edges of one pixel's width; the others pass them on.
    for layer in reference.TINY_LAYERS:
        kernel = np.zeros(layer.kernel_shape)
        kernel[1, 1, 0, :] = 1
        tiny_weights[f"{layer.name}/kernel"] = kernel
        tiny_weights[f"{layer.name}/bias"] = np.zeros(layer.filters)
    tiny_weights["one/kernel"][1, :, 0, 0] = [-1, 2, -1]
    stripes = np.zeros((2, 64, 64, 3), np.uint8)
    stripes[0, :, ::2] = 255
    stripes[1, :, 16:48] = 255

    fine, broad = respond(tiny_weights, stripes, [0, 0])

    assert fine.rotated / fine.activation < broad.rotated / broad.activation


def test_a_silent_filter_has_no_activation_and_no_peak(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    tiny_weights["three/bias"] = np.array([-1e6, 100.0, 200.0])

    (response,) = respond(tiny_weights, random_pixels(1), [0])

    assert (response.activation, response.peak) == (0, 0)
    assert response.activations[1:].all()


@pytest.mark.parametrize("layer", ["block1_conv2", "block3_conv1"])
def test_values_do_not_depend_on_their_batch_to_the_last_bit(layer: str) -> None:
    responses = LayerResponses(layer, as_network(vgg_weights(layer)), MicroBatcher(threads=2))
    pixels, filters = random_pixels(5, 48), [7, 0, 7, 63, 12]

    together = responses.to_pictures(pixels, filters)

    for place, filter in enumerate(filters):
        alone = responses.to_pictures(pixels[[place]], [filter])
        assert picture_values([together[place]]) == picture_values(alone)
        np.testing.assert_array_equal(together[place].path, alone[0].path)


def test_pictures_of_several_sizes_can_follow_each_other(
    tiny_weights: dict[str, np.ndarray],
) -> None:
    responses = LayerResponses("three", as_network(tiny_weights))

    for size in (32, 48):
        pixels = random_pixels(1, size)
        (response,) = responses.to_pictures(pixels, [1])
        expected = activations(pixels[0], tiny_weights)[1]
        assert response.activation == pytest.approx(expected, rel=1e-4)
