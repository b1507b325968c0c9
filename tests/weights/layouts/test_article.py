"""The article's legacy file, whose kernels are transposed and rotated."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST, LAYERS
from filter_atlas.weights import formats
from filter_atlas.weights.vgg16_tensors import Tensors

FULL_NETWORK = 37  # padding, convolution, pooling, flatten, dense and dropout layers


def _write(path: Path, tensors: Tensors, layers: int = FULL_NETWORK) -> None:
    """Write the article's layout, with a padding layer before every convolution."""
    parameters: list[list[np.ndarray]] = []
    for before, layer in zip((None, *LAYERS), LAYERS, strict=False):
        if before and before.pools_before != layer.pools_before:
            parameters.append([])
        kernel = tensors[f"{layer.name}/kernel"][::-1, ::-1].transpose(3, 2, 0, 1)
        parameters += [[], [kernel, tensors[f"{layer.name}/bias"]]]
    parameters += [[], []]
    for _ in range(3):
        parameters += [[np.ones((2, 2), np.float32), np.ones(2, np.float32)], []]
    parameters = parameters[:layers]
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(parameters)
        for number, arrays in enumerate(parameters):
            group = file.create_group(f"layer_{number}")
            group.attrs["nb_params"] = len(arrays)
            for index, array in enumerate(arrays):
                group[f"param_{index}"] = array


@pytest.fixture
def small_tensors() -> Tensors:
    """Tensors of the wrong size, for tests in which only the layout matters."""
    return {
        f"{layer.name}/{kind}": np.zeros(shape, np.float32)
        for layer in LAYERS
        for kind, shape in (("kernel", (3, 3, 1, 1)), ("bias", (1,)))
    }


def test_the_articles_file_gives_the_imagenet_weights(
    imagenet_tensors: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "vgg16_weights.h5"
    _write(path, imagenet_tensors)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


def test_a_part_of_the_articles_network_is_refused(small_tensors: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "vgg16_weights.h5"
    _write(path, small_tensors, layers=20)

    with pytest.raises(WeightsError, match=r"vgg16_weights\.h5: \d+ convolutions .* has 13"):
        formats.read_weights(path)


def test_a_misshaped_kernel_is_named_with_its_canonical_shape(
    small_tensors: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "vgg16_weights.h5"
    small_tensors["block1_conv1/kernel"] = np.zeros((3, 3, 4, 64), np.float32)
    _write(path, small_tensors)

    with pytest.raises(WeightsError, match=r"block1_conv1/kernel has shape \(3, 3, 4, 64\)"):
        formats.read_weights(path)


def test_a_missing_bias_is_named(imagenet_tensors: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "vgg16_weights.h5"
    _write(path, imagenet_tensors)
    with h5py.File(path, "r+") as file:
        del file["layer_1/param_1"]

    with pytest.raises(WeightsError, match="block1_conv1/bias is missing"):
        formats.read_weights(path)
