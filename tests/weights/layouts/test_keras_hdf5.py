"""Every layout of Keras's files over the years gives the same tensors."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST, LAYERS
from filter_atlas.weights import formats
from filter_atlas.weights.vgg16_tensors import Tensors

NAMES = [layer.name for layer in LAYERS]
PAPER_NAMES = [layer.paper_name for layer in LAYERS]
AUTOMATIC_NAMES = ["conv2d", *(f"conv2d_{number}" for number in range(1, 13))]

KERAS_1 = ("{}_W_1:0", "{}_b_1:0")
KERAS_2 = ("{}/kernel:0", "{}/bias:0")
KERAS_2_NUMBERED = ("{}_1/kernel:0", "{}_1/bias:0")
KERAS_3 = ("{}/kernel", "{}/bias")


def _write_legacy(
    root: h5py.Group,
    tensors: Tensors,
    weight_names: tuple[str, str],
    names: Sequence[str] = NAMES,
    top: bool = False,
) -> None:
    """Write a group per layer with lists of names, as Keras 1 and 2 do."""
    arrays = {
        name: [tensors[f"{layer.name}/kernel"], tensors[f"{layer.name}/bias"]]
        for name, layer in zip(names, LAYERS, strict=True)
    }
    if top:
        dense = [np.ones((2, 2), np.float32), np.ones(2, np.float32)]
        arrays |= {"flatten": [], "fc1": dense, "fc2": dense, "predictions": dense}
    root.attrs["layer_names"] = [name.encode() for name in arrays]
    for name, pair in arrays.items():
        group = root.create_group(name)
        written = [pattern.format(name) for pattern in weight_names][: len(pair)]
        group.attrs["weight_names"] = [weight.encode() for weight in written]
        for weight, array in zip(written, pair, strict=True):
            group[weight] = array


def _write_variables(
    root: h5py.Group, tensors: Tensors, names: Sequence[str | None], top: bool = False
) -> None:
    """Write `layers/<automatic name>/vars/<index>`, with true names in attributes, as Keras 3."""
    for automatic, name, layer in zip(AUTOMATIC_NAMES, names, LAYERS, strict=True):
        group = root.create_group(f"layers/{automatic}/vars")
        if name is not None:
            group.attrs["name"] = name
        group["0"] = tensors[f"{layer.name}/kernel"]
        group["1"] = tensors[f"{layer.name}/bias"]
    if top:
        group = root.create_group("layers/dense/vars")
        group.attrs["name"] = "fc1"
        group["0"], group["1"] = np.ones((2, 2), np.float32), np.ones(2, np.float32)
    optimizer = root.create_group("optimizer/vars")
    optimizer["0"] = np.int64(7)
    for index, tensor in enumerate(("block1_conv1/kernel", "block1_conv1/bias"), start=1):
        optimizer[str(index)] = np.zeros_like(tensors[tensor])


@pytest.mark.parametrize("top", [False, True], ids=["without top", "with top"])
@pytest.mark.parametrize("weight_names", [KERAS_1, KERAS_2, KERAS_2_NUMBERED, KERAS_3])
def test_the_official_layouts_give_the_imagenet_weights(
    imagenet_tensors: Tensors, tmp_path: Path, weight_names: tuple[str, str], top: bool
) -> None:
    path = tmp_path / "official.h5"
    with h5py.File(path, "w") as file:
        _write_legacy(file, imagenet_tensors, weight_names, top=top)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


def test_a_whole_model_of_keras_2_gives_the_imagenet_weights(
    imagenet_tensors: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
        _write_legacy(file.create_group("model_weights"), imagenet_tensors, KERAS_2, top=True)
        optimizer = file.create_group("optimizer_weights")
        optimizer["Adam/block1_conv1/kernel/m:0"] = np.zeros((3, 3, 3, 64), np.float32)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


@pytest.mark.parametrize("names", [PAPER_NAMES, AUTOMATIC_NAMES], ids=["paper", "automatic"])
def test_layers_under_other_names_are_found(
    imagenet_tensors: Tensors, tmp_path: Path, names: Sequence[str]
) -> None:
    path = tmp_path / "renamed.h5"
    with h5py.File(path, "w") as file:
        _write_legacy(file, imagenet_tensors, KERAS_2, names=names)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


@pytest.mark.parametrize("top", [False, True], ids=["without top", "with top"])
@pytest.mark.parametrize(
    "names", [NAMES, AUTOMATIC_NAMES, [None] * 13], ids=["named", "automatic", "unnamed"]
)
def test_variables_of_keras_3_give_the_imagenet_weights(
    imagenet_tensors: Tensors, tmp_path: Path, names: Sequence[str | None], top: bool
) -> None:
    path = tmp_path / "vgg16.weights.h5"
    with h5py.File(path, "w") as file:
        _write_variables(file, imagenet_tensors, names, top)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


def test_a_true_name_takes_precedence_over_the_automatic_one(
    imagenet_tensors: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "vgg16.weights.h5"
    with h5py.File(path, "w") as file:
        _write_variables(file, imagenet_tensors, NAMES)
        file.move("layers/conv2d", "layers/conv2d_99")

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


def test_a_keras_archive_is_read_without_its_configuration(
    imagenet_tensors: Tensors, tmp_path: Path
) -> None:
    weights, path = tmp_path / "model.weights.h5", tmp_path / "vgg16.keras"
    with h5py.File(weights, "w") as file:
        _write_variables(file, imagenet_tensors, NAMES)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "__import__('os').abort()")
        archive.write(weights, "model.weights.h5")

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


@pytest.mark.parametrize("name", ["vgg16.weights.h5", "vgg16.h5", "vgg16.keras"])
def test_files_of_todays_keras_are_read(
    imagenet_tensors: Tensors, tmp_path: Path, name: str
) -> None:
    keras = pytest.importorskip("keras")
    vgg16 = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    vgg16.set_weights(list(imagenet_tensors.values()))
    head = [keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((32, 32, 3)), vgg16, *head])

    (model.save_weights if ".weights." in name else model.save)(tmp_path / name)

    assert weights_digest(formats.read_weights(tmp_path / name).values()) == IMAGENET_DIGEST


def test_a_missing_convolution_is_named(hollow_file: Callable[..., Path]) -> None:
    path = hollow_file(**{"block4_conv2/kernel": None})

    with pytest.raises(WeightsError, match=r"hollow\.h5: block4_conv2/kernel is missing"):
        formats.read_weights(path)


def test_kernels_in_theanos_order_are_refused_with_both_shapes(
    hollow_file: Callable[..., Path],
) -> None:
    path = hollow_file(**{"block1_conv1/kernel": (64, 3, 3, 3)})

    with pytest.raises(WeightsError, match=r"\(64, 3, 3, 3\), expected \(3, 3, 3, 64\)"):
        formats.read_weights(path)


def test_two_vgg16_in_one_file_are_ambiguous(hollow_file: Callable[..., Path]) -> None:
    path = hollow_file(**{"twin/block1_conv1/kernel": (3, 3, 3, 64)})

    with pytest.raises(WeightsError, match=r"both .* and .* could be block1_conv1/kernel"):
        formats.read_weights(path)


@pytest.mark.parametrize(
    "layers",
    [["conv2d", "conv2d_1"], [*AUTOMATIC_NAMES, "conv2d_13"], [*AUTOMATIC_NAMES[:12], "stem"], []],
    ids=["too few", "too many", "two series", "none"],
)
def test_unnamed_layers_whose_order_is_uncertain_are_refused(
    tmp_path: Path, layers: Sequence[str]
) -> None:
    path = tmp_path / "unnamed.h5"
    with h5py.File(path, "w") as file:
        for layer in layers:
            file.create_dataset(f"{layer}/kernel:0", (3, 3, 64, 64), "<f4")

    with pytest.raises(WeightsError, match="not 13 in one numbered series"):
        formats.read_weights(path)
