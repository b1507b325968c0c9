"""How good a picture is, against NumPy and against itself in other batches."""

import numpy as np
import pytest
import tensorflow as tf

import reference
from filter_atlas import network, quality
from filter_atlas.network import Vgg16
from filter_atlas.quality import LayerQuality
from filter_atlas.vgg16 import layers_up_to

SIZE = 32


@pytest.fixture
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Replace VGG16 by the reference's small network; return its weights."""
    monkeypatch.setattr(network, "layers_up_to", lambda name: reference.TINY_LAYERS)
    return reference.tiny_weights()


def as_network(weights: dict[str, np.ndarray]) -> Vgg16:
    return Vgg16({name: tf.constant(tensor, tf.float32) for name, tensor in weights.items()})


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


def some_pixels(count: int, size: int = SIZE) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (count, size, size, 3)).astype(np.uint8)


def activations(pixels: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Means over space of all filters of the last tiny layer."""
    bgr = pixels[..., ::-1].astype(float)
    return np.array(
        [reference.loss_and_gradient(bgr, weights, one, "activation")[0] for one in range(3)]
    )


# --- of the pixels alone ---


def test_a_picture_of_one_colour_has_no_noise() -> None:
    plain = np.broadcast_to(np.array([10, 200, 255], np.uint8), (SIZE, SIZE, 3))

    assert quality.noisiness(plain) == 0


def test_a_checkerboard_is_nothing_but_noise() -> None:
    board = (np.indices((SIZE, SIZE)).sum(axis=0) % 2 * 255).astype(np.uint8)

    assert quality.noisiness(np.stack([board] * 3, axis=-1)) == pytest.approx(1)


def test_a_slow_wave_has_next_to_no_noise() -> None:
    wave = 127.5 + 100 * np.sin(2 * np.pi * 2 * np.arange(64) / 64)
    pixels = np.broadcast_to(wave[:, None, None], (64, 64, 3)).astype(np.uint8)

    assert quality.noisiness(pixels) < 0.001


def test_the_noise_of_half_a_wave_and_half_a_checkerboard_is_a_half() -> None:
    wave = 60 * np.sqrt(2) * np.sin(2 * np.pi * 2 * np.arange(64) / 64)[:, None]
    board = np.where(np.indices((64, 64)).sum(axis=0) % 2, 60, -60)
    pixels = (127.5 + (wave + board) * 0.8).astype(np.uint8)

    found = quality.noisiness(np.stack([pixels] * 3, axis=-1))

    assert found == pytest.approx(0.5, abs=0.05)


def test_random_pixels_have_the_noise_of_a_white_spectrum() -> None:
    # Outside a circle of a quarter of the sampling frequency lies 1 - π/16 of the square.
    assert quality.noisiness(some_pixels(1, 64)[0]) == pytest.approx(1 - np.pi / 16, abs=0.03)


def test_saturated_is_the_share_of_black_and_white_values() -> None:
    pixels = np.full((10, 10, 3), 128, np.uint8)
    pixels[:2] = 0
    pixels[5, :, 1] = 255
    pixels[6] = 254
    pixels[7] = 1

    assert quality.saturated(pixels) == pytest.approx((2 * 30 + 10) / 300)
    assert quality.saturated(np.zeros((4, 4, 3), np.uint8)) == 1
    assert quality.saturated(np.full((4, 4, 3), 128, np.uint8)) == 0


# --- by way of the network ---


def test_activation_rank_and_z_score_are_those_of_numpy(
    tiny_network: dict[str, np.ndarray],
) -> None:
    pixels = some_pixels(3)

    measured = LayerQuality("three", as_network(tiny_network)).measure(pixels, [0, 1, 2])

    for filter, (one, picture) in enumerate(zip(measured, pixels, strict=True)):
        means = activations(picture, tiny_network)
        assert one.shown_activation == pytest.approx(means[filter], rel=1e-4)
        assert one.rank == 1 + int((means > means[filter]).sum())
        assert one.z_score == pytest.approx(
            (means[filter] - means.mean()) / means.std(), rel=1e-3, abs=1e-3
        )
        assert one.noisiness == quality.noisiness(picture)
        assert one.saturated == quality.saturated(picture)


def test_ranks_of_one_picture_go_from_1_to_the_last(tiny_network: dict[str, np.ndarray]) -> None:
    pixels = np.repeat(some_pixels(1), 3, axis=0)

    measured = LayerQuality("three", as_network(tiny_network)).measure(pixels, [0, 1, 2])

    assert {one.rank for one in measured} == {1, 2, 3}


def test_the_peak_is_the_strongest_neuron_of_the_filter(
    tiny_network: dict[str, np.ndarray],
) -> None:
    pixels = some_pixels(1)
    weights = tiny_network

    measured = LayerQuality("three", as_network(weights)).measure(pixels, [1])[0]

    features = pixels[0, ..., ::-1].astype(float)
    for name in ("one", "two"):
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        features = np.maximum(reference.convolve(features, kernel, bias), 0)
    last = reference.convolve(
        reference.pool(features), weights["three/kernel"], weights["three/bias"]
    )
    assert measured.shown_peak == pytest.approx(max(last[..., 1].max(), 0), rel=1e-4)


def test_shift_robustness_is_the_share_of_activation_that_two_shifts_leave(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = np.full(3, 100.0)
    pixels = some_pixels(1)

    measured = LayerQuality("three", as_network(tiny_network)).measure(pixels, [2])[0]

    mirrored = np.pad(pixels[0], [(4, 4), (4, 4), (0, 0)], mode="symmetric")
    own = activations(pixels[0], tiny_network)[2]
    shares = [
        activations(shifted, tiny_network)[2] / own
        for shifted in (mirrored[8:, 8:], mirrored[:-8, :-8])
    ]
    assert measured.shift_robustness == pytest.approx(np.mean(shares), rel=1e-4)


def test_a_picture_of_one_colour_stands_every_change(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = np.full(3, 500.0)
    pixels = np.full((1, SIZE, SIZE, 3), 90, np.uint8)

    measured = LayerQuality("three", as_network(tiny_network)).measure(pixels, [0])[0]

    assert measured.shift_robustness == pytest.approx(1, rel=1e-4)
    assert measured.turn_robustness == pytest.approx(1, rel=1e-4)
    assert measured.noisiness == 0


def test_fine_stripes_stand_no_turn_but_broad_ones_do(
    tiny_network: dict[str, np.ndarray],
) -> None:
    # The first layer finds vertical edges of one pixel's width; the others hand them on.
    for layer in reference.TINY_LAYERS:
        kernel = np.zeros(layer.kernel_shape)
        kernel[1, 1, 0, :] = 1
        tiny_network[f"{layer.name}/kernel"] = kernel
        tiny_network[f"{layer.name}/bias"] = np.zeros(layer.filters)
    tiny_network["one/kernel"][1, :, 0, 0] = [-1, 2, -1]
    stripes = np.zeros((2, 64, 64, 3), np.uint8)
    stripes[0, :, ::2] = 255
    stripes[1, :, 16:48] = 255

    fine, broad = LayerQuality("three", as_network(tiny_network)).measure(stripes, [0, 0])

    assert fine.turn_robustness is not None
    assert broad.turn_robustness is not None
    assert fine.turn_robustness < broad.turn_robustness


def test_a_silent_filter_has_no_robustness(tiny_network: dict[str, np.ndarray]) -> None:
    tiny_network["three/bias"] = np.array([-1e6, 100.0, 200.0])

    measured = LayerQuality("three", as_network(tiny_network)).measure(some_pixels(1), [0])[0]

    assert measured.shown_activation == 0
    assert measured.shown_peak == 0
    assert measured.shift_robustness is None
    assert measured.turn_robustness is None
    assert measured.rank == 3
    assert measured.z_score is not None


def test_in_a_layer_that_is_silent_throughout_there_is_no_z_score(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = np.full(3, -1e6)

    measured = LayerQuality("three", as_network(tiny_network)).measure(some_pixels(1), [1])[0]

    assert measured.z_score is None
    assert measured.rank == 1


@pytest.mark.parametrize("layer", ["block1_conv2", "block3_conv1"])
def test_a_measure_does_not_depend_on_its_batch_to_the_last_bit(layer: str) -> None:
    measures = LayerQuality(layer, as_network(vgg_weights(layer)))
    pixels, filters = some_pixels(5, 48), [7, 0, 7, 63, 12]

    together = measures.measure(pixels, filters)

    for place, filter in enumerate(filters):
        alone = measures.measure(pixels[[place]], [filter])[0]
        assert together[place] == alone


def test_pictures_of_several_sizes_can_be_measured_one_after_the_other(
    tiny_network: dict[str, np.ndarray],
) -> None:
    measures = LayerQuality("three", as_network(tiny_network))

    for size in (32, 48):
        pixels = some_pixels(1, size)
        measured = measures.measure(pixels, [1])[0]
        expected = activations(pixels[0], tiny_network)[1]
        assert measured.shown_activation == pytest.approx(expected, rel=1e-4)
