"""No picture exceeds the bound of a filter, and certain pictures reach it."""

import numpy as np
import pytest

import reference
from filter_atlas.base import vgg16_spec
from filter_atlas.base.preprocessing import PREPROCESSINGS, Preprocessing
from filter_atlas.networks import interval_bounds

RAW, TRAINED = PREPROCESSINGS["raw_bgr"], PREPROCESSINGS["caffe"]


def upper_bounds(
    layer: str, weights: dict[str, np.ndarray], preprocessing: Preprocessing = RAW
) -> np.ndarray:
    return interval_bounds.upper_bounds(layer, weights, preprocessing)


@pytest.fixture
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Replace VGG16 with the reference's small network; return its weights."""

    def layers_up_to(name: str) -> tuple[vgg16_spec.ConvLayer, ...]:
        names = [layer.name for layer in reference.TINY_LAYERS]
        return reference.TINY_LAYERS[: names.index(name) + 1]

    monkeypatch.setattr(vgg16_spec, "layers_up_to", layers_up_to)
    return reference.tiny_weights()


def pre_activations(picture: np.ndarray, layer: str, weights: dict[str, np.ndarray]) -> np.ndarray:
    features, pools = picture, 0
    for layer_spec in reference.TINY_LAYERS:
        for _ in range(layer_spec.pools_before - pools):
            features = reference.pool(features)
        pools = layer_spec.pools_before
        found = reference.convolve(
            features, weights[f"{layer_spec.name}/kernel"], weights[f"{layer_spec.name}/bias"]
        )
        if layer_spec.name == layer:
            return found
        features = np.maximum(found, 0)
    raise AssertionError(layer)


def first_layer(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.RandomState(seed)
    return {
        "block1_conv1/kernel": random.normal(0, 1, (3, 3, 3, 64)).astype(np.float32),
        "block1_conv1/bias": random.normal(0, 1, 64).astype(np.float32),
    }


@pytest.mark.parametrize("layer", ["one", "two", "three"])
@pytest.mark.parametrize("kind", ["noise", "black or white", "black", "white"])
@pytest.mark.parametrize("preprocessing", [RAW, TRAINED], ids=["raw", "as trained"])
def test_no_picture_exceeds_the_bound(
    preprocessing: Preprocessing, kind: str, layer: str, tiny_network: dict[str, np.ndarray]
) -> None:
    random = np.random.RandomState(0)
    highest = upper_bounds(layer, tiny_network, preprocessing)

    for _ in range(10):
        picture = {
            "noise": random.uniform(0, 255, (12, 12, 3)),
            "black or white": random.randint(0, 2, (12, 12, 3)) * 255.0,
            "black": np.zeros((12, 12, 3)),
            "white": np.full((12, 12, 3), 255.0),
        }[kind]
        fed = picture - np.array(preprocessing.mean)
        found = pre_activations(fed, layer, tiny_network).max(axis=(0, 1))
        assert (found <= highest + 1e-6).all()


@pytest.mark.parametrize("layer", ["one", "two", "three"])
def test_if_all_kernels_are_positive_white_reaches_the_bound(
    layer: str, tiny_network: dict[str, np.ndarray]
) -> None:
    positive = {
        name: np.abs(tensor) if name.endswith("kernel") else tensor
        for name, tensor in tiny_network.items()
    }

    found = pre_activations(np.full((16, 16, 3), 255.0), layer, positive)

    middle = found.shape[0] // 2
    np.testing.assert_allclose(found[middle, middle], upper_bounds(layer, positive), rtol=1e-9)


def test_white_reaches_the_bound_of_positive_kernels_in_vgg16s_first_layer() -> None:
    weights = first_layer()
    weights["block1_conv1/kernel"] = np.abs(weights["block1_conv1/kernel"])

    highest = upper_bounds("block1_conv1", weights)

    white = reference.convolve(
        np.full((5, 5, 3), 255.0), weights["block1_conv1/kernel"], weights["block1_conv1/bias"]
    )
    assert highest.shape == (64,)
    np.testing.assert_allclose(highest, white[2, 2], rtol=1e-5)


@pytest.mark.parametrize("preprocessing", [RAW, TRAINED], ids=["raw", "as trained"])
def test_in_the_first_layer_white_at_positive_weights_reaches_the_bound(
    preprocessing: Preprocessing,
) -> None:
    weights = first_layer()
    kernel, bias = weights["block1_conv1/kernel"], weights["block1_conv1/bias"]

    highest = upper_bounds("block1_conv1", weights, preprocessing)

    mean = np.array(preprocessing.mean)
    for filter in range(5):
        best = np.where(kernel[..., filter] > 0, 255.0, 0) - mean
        reached = (best * kernel[..., filter]).sum() + bias[filter]
        assert highest[filter] == pytest.approx(reached, rel=1e-5)


def test_a_filter_with_negative_weights_and_bias_can_never_fire(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/kernel"][..., 1] = -np.abs(tiny_network["three/kernel"][..., 1])
    tiny_network["three/bias"][1] = -0.5

    highest = upper_bounds("three", tiny_network)

    assert highest[1] == pytest.approx(-0.5)
    assert highest[0] > 0


def test_a_silent_layer_below_leaves_the_bias(tiny_network: dict[str, np.ndarray]) -> None:
    tiny_network["two/kernel"] = -np.abs(tiny_network["two/kernel"])
    tiny_network["two/bias"] = np.full(5, -1.0)

    np.testing.assert_allclose(upper_bounds("three", tiny_network), tiny_network["three/bias"])
