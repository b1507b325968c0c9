"""VGG16's 26 tensors: their names, their values, and what is refused."""

import numpy as np
import pytest

from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.weights import vgg16_tensors
from filter_atlas.weights.vgg16_tensors import SHAPES, Tensors


@pytest.fixture
def zeros() -> Tensors:
    """Tensors of VGG16's shapes."""
    return {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}


def test_there_are_26_tensors_in_network_order_kernel_before_bias() -> None:
    names = list(SHAPES)

    assert len(names) == 26
    assert names[:3] == ["block1_conv1/kernel", "block1_conv1/bias", "block1_conv2/kernel"]
    assert names[-1] == "block5_conv3/bias"


def test_the_weights_of_the_wheel_have_the_digest_of_imagenet(imagenet_tensors: Tensors) -> None:
    assert weights_digest(imagenet_tensors.values()) == IMAGENET_DIGEST


# From public repositories whose authors loaded the official Keras file and printed these values.
PRINTED = [
    ("block1_conv1/kernel", (0, 0, 0, 0), 4.29470569e-01),
    ("block1_conv1/kernel", (0, 0, 0, 63), 7.57738389e-03),
    ("block1_conv1/kernel", (0, 0, 1, 1), 2.08774377e-02),
    ("block1_conv1/kernel", (0, 0, 2, 0), 4.80015397e-01),
    ("block1_conv1/kernel", (0, 1, 0, 0), 0.373467),
    ("block1_conv1/kernel", (2, 2, 0, 0), -0.35009676),
    ("block1_conv1/bias", (0,), 0.73429835),
    ("block1_conv1/bias", (25,), 0.7446502),
    ("block1_conv2/kernel", (2, 2, 63, 63), 0.016082443),
    ("block2_conv1/bias", (1,), 0.06440781),
    ("block5_conv1/kernel", (1, 0, 63, 269), -0.011236359),
    ("block5_conv2/bias", (510,), 0.23517226),
    ("block5_conv3/kernel", (0, 2, 0, 400), -0.008714244),
]


@pytest.mark.parametrize(("name", "index", "printed"), PRINTED)
def test_the_weights_have_the_values_that_others_printed(
    imagenet_tensors: Tensors, name: str, index: tuple[int, ...], printed: float
) -> None:
    assert imagenet_tensors[name][index] == np.float32(printed)


def test_random_weights_are_always_the_same_and_of_vgg16s_shapes() -> None:
    tensors = vgg16_tensors.random()

    vgg16_tensors.check(tensors, "random")
    digest = "68512428c05b655c91aaaee31a6b4c2671fa687b5e0bad7420cc06543e6024a6"
    assert weights_digest(tensors.values()) == digest


def test_a_missing_tensor_is_named(zeros: Tensors) -> None:
    del zeros["block3_conv2/bias"]

    with pytest.raises(WeightsError, match=r"mine\.h5: block3_conv2/bias is missing; give"):
        vgg16_tensors.check(zeros, "mine.h5")


def test_a_misshaped_tensor_is_named_with_both_shapes(zeros: Tensors) -> None:
    zeros["block1_conv1/kernel"] = np.zeros((3, 3, 1, 64), np.float32)

    with pytest.raises(WeightsError, match=r"shape \(3, 3, 1, 64\), expected \(3, 3, 3, 64\)"):
        vgg16_tensors.check(zeros, "mine.h5")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted(zeros: Tensors, value: float) -> None:
    zeros["block2_conv2/bias"][[3, 7]] = value

    with pytest.raises(WeightsError, match="block2_conv2/bias holds 2 values of 128 that are not"):
        vgg16_tensors.check(zeros, "mine.h5")
