"""VGG16 with its dense layers, from files written here in the layouts of the published ones.

The published files cannot be downloaded everywhere, so these hold random numbers. Keras's own VGG16
reads the official layout and gives the expected logits. The full size, 138,357,544 parameters, is
written and read once; all other tests use a VGG16 for pictures of 32 or 64 pixels.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.class_pictures import vgg16_top
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.settings.classes import Classes
from filter_atlas.weights.vgg16_tensors import SHAPES, Tensors

Parameters = dict[str, np.ndarray]
"""`block1_conv1/kernel` and so on, as in the canonical file, and `fc1/kernel` and so on."""

FULL = 138_357_544


def _dense(rows: int, width: int, classes: int) -> Parameters:
    random = np.random.default_rng(0)
    parameters: Parameters = {}
    sizes = (rows, width, width, classes)
    for name, taken, given in zip(vgg16_top.DENSE_NAMES, sizes, sizes[1:], strict=False):
        kernel = random.random((taken, given), dtype=np.float32)
        kernel -= 0.5
        kernel *= 4 / np.sqrt(taken)
        parameters[f"{name}/kernel"] = kernel
        parameters[f"{name}/bias"] = random.random(given, dtype=np.float32)
    return parameters


def _write_official(parameters: Parameters, path: Path) -> None:
    """Write what Keras 1 wrote: `fc1/fc1_W_1:0`, and in attributes the order of all."""
    order = [name.partition("/")[0] for name in parameters if name.endswith("kernel")]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in order]
        for name in order:
            group = file.create_group(name)
            datasets = {f"{name}_W_1:0": "kernel", f"{name}_b_1:0": "bias"}
            group.attrs["weight_names"] = [dataset.encode() for dataset in datasets]
            for dataset, kind in datasets.items():
                group[dataset] = parameters[f"{name}/{kind}"]


def _write_article(parameters: Parameters, path: Path) -> None:
    """Write what Keras 0 on Theano wrote: rotated kernels, dense rows with channels first."""
    with h5py.File(path, "w") as file:
        # The layers' numbers in the article's network, where padding, pooling and dropout count.
        numbers = [1, 3, 6, 8, 11, 13, 15, 18, 20, 22, 25, 27, 29, 32, 34, 36]
        file.attrs["nb_layers"] = 37
        names = [*(layer.name for layer in LAYERS), *vgg16_top.DENSE_NAMES]
        for number, name in zip(numbers, names, strict=True):
            kernel = parameters[f"{name}/kernel"]
            if kernel.ndim == 4:
                kernel = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
            if name == "fc1":
                side = int(np.sqrt(kernel.shape[0] // 512))
                by_place = kernel.reshape(side, side, 512, -1)
                kernel = by_place.transpose(2, 0, 1, 3).reshape(kernel.shape)
            file[f"layer_{number}/param_0"] = kernel
            file[f"layer_{number}/param_1"] = parameters[f"{name}/bias"]


@pytest.fixture(scope="session")
def small(imagenet_tensors: Tensors) -> Parameters:
    """ImageNet's convolutions under random dense layers for pictures of 64 pixels, 7 classes."""
    return {**imagenet_tensors, **_dense(512 * 2 * 2, 6, 7)}


@pytest.fixture(params=[_write_official, _write_article], ids=["official", "article"])
def write(request: pytest.FixtureRequest) -> Any:
    """Writes parameters in one of the two layouts."""
    return request.param


def test_the_official_file_gives_what_keras_own_vgg16_gives(
    imagenet_tensors: Tensors, photographs: list[np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "top.h5"
    _write_official({**imagenet_tensors, **_dense(512, 4096, 5)}, path)
    reference = keras.applications.VGG16(
        weights=None, input_shape=(32, 32, 3), classes=5, classifier_activation=None
    )
    reference.load_weights(path)
    pictures = np.stack([one[100:132, 200:232, ::-1] for one in photographs]).astype(np.float32)
    preprocessed = keras.applications.vgg16.preprocess_input(pictures[..., ::-1].copy())

    classifier = load_classifier(Classes(network=str(path), classes=[4]), tmp_path)

    np.testing.assert_allclose(
        classifier.logits(pictures), reference(preprocessed), rtol=1e-3, atol=1e-4
    )
    assert (classifier.size, classifier.classes, classifier.names) == (32, 5, None)
    assert classifier.preprocessing == PREPROCESSINGS["caffe"]
    # What Keras 3 writes of the same network.
    newer = tmp_path / "top.weights.h5"
    reference.save_weights(newer)
    again = load_classifier(Classes(network=str(newer), classes=[4]), tmp_path)
    assert again.digest == classifier.digest


def test_the_full_official_file_is_read_to_the_last_parameter(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    parameters = {
        name: random.random(shape, dtype=np.float32) for name, shape in SHAPES.items()
    } | _dense(25_088, 4_096, 1_000)
    assert sum(parameter.size for parameter in parameters.values()) == FULL
    path = tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    _write_official(parameters, path)

    loaded = vgg16_top.load(path)

    assert (loaded.size, loaded.outputs) == (224, 1_000)
    assert loaded.model.count_params() == FULL
    for found, written in zip(loaded.model.weights, parameters.values(), strict=True):
        assert np.array_equal(found.numpy(), written), found.path


def test_both_layouts_give_the_same_network(small: Parameters, tmp_path: Path) -> None:
    classifiers = []
    for number, write in enumerate((_write_official, _write_article)):
        path = tmp_path / f"{number}.h5"
        write(small, path)
        classifiers.append(load_classifier(Classes(network=str(path), classes=[0]), tmp_path))

    official, article = classifiers

    assert official.digest == article.digest
    assert (article.size, article.classes) == (64, 7)


def test_dense_rows_of_theano_are_reordered_to_channels_last() -> None:
    # A dense layer over two by two cells, as Theano flattens them: channels first.
    random = np.random.RandomState(0)
    features = random.normal(size=(512, 2, 2)).astype(np.float32)
    kernel = random.normal(size=(512 * 2 * 2, 3)).astype(np.float32)
    expected = features.ravel() @ kernel

    found = features.transpose(1, 2, 0).ravel() @ vgg16_top.rows_to_channels_last(kernel)

    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_a_thousand_classes_on_imagenets_convolutions_have_imagenets_names(
    imagenet_tensors: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "vgg16_weights.h5"
    _write_article({**imagenet_tensors, **_dense(512, 2, 1_000)}, path)

    classifier = load_classifier(Classes(network=str(path), classes=[65]), tmp_path)

    assert classifier.names == class_names.imagenet()
    assert classifier.label(65) == "sea snake"


def test_names_for_another_number_of_classes_are_refused(small: Parameters, tmp_path: Path) -> None:
    path = tmp_path / "top.h5"
    _write_official(small, path)

    with pytest.raises(ClassifierError, match=r"top\.h5: has 7 classes, and 1000 names"):
        load_classifier(Classes(network=str(path), names="imagenet", classes=[0]), tmp_path)


def test_a_class_that_the_network_does_not_have_is_refused(
    small: Parameters, tmp_path: Path
) -> None:
    path = tmp_path / "top.h5"
    _write_official(small, path)

    with pytest.raises(ClassifierError, match="class 7 is out of range: the network has 7"):
        load_classifier(Classes(network=str(path), classes=[7]), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"fc1/kernel": (513, 6)},
            "fc1 takes 513 values, expected 512 channels times a square number",
        ),
        ({"fc1/kernel": ()}, "fc1 takes 0 values, expected 512 channels times a square"),
        ({"fc2/kernel": (5, 6)}, r"fc2's kernel has shape \(5, 6\), expected 6 rows"),
        ({"predictions/bias": (6,)}, r"predictions's bias has shape \(6,\), expected \(7,\)"),
        ({"block3_conv1/kernel": (3, 3, 128, 255)}, r"block3_conv1/kernel has shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_name(
    small: Parameters,
    tmp_path: Path,
    changes: dict[str, tuple[int, ...]],
    message: str,
) -> None:
    path = tmp_path / "top.h5"
    hollow = {name: np.zeros(shape, np.float32) for name, shape in changes.items()}
    _write_official({**small, **hollow}, path)

    with pytest.raises(ClassifierError, match=rf"top\.h5: {message}.*; give VGG16's whole file"):
        vgg16_top.load(path)


def test_a_file_without_dense_layers_is_refused(
    small: Parameters, tmp_path: Path, write: Callable[[Parameters, Path], None]
) -> None:
    path = tmp_path / "notop.h5"
    write(small, path)
    with h5py.File(path, "r+") as file:
        for group in ("fc1", "fc2", "predictions", "layer_32", "layer_34", "layer_36"):
            if group in file:
                del file[group]

    with pytest.raises(ClassifierError, match=r"notop\.h5: 0 dense layers, where VGG16 has 3"):
        vgg16_top.load(path)


def test_an_error_keeps_the_whole_problem_and_has_one_remedy(tmp_path: Path) -> None:
    path = tmp_path / "mine; the second.h5"
    path.write_bytes(b"no HDF5; nor anything else")

    with pytest.raises(ClassifierError) as error:
        vgg16_top.load(path)

    message = str(error.value)
    assert message.startswith(f"{path}: truncated or damaged HDF5 (")
    assert "fetch the file again" not in message
    assert "); give VGG16's whole file, " in message


def test_a_missing_bias_is_named(small: Parameters, tmp_path: Path) -> None:
    path = tmp_path / "top.h5"
    _write_official(small, path)
    with h5py.File(path, "r+") as file:
        del file["fc2/fc2_b_1:0"]

    with pytest.raises(ClassifierError, match=r"top\.h5: fc2 has no bias"):
        vgg16_top.load(path)


def test_dense_layers_that_declare_absurd_sizes_are_not_read(
    small: Parameters, tmp_path: Path
) -> None:
    path = tmp_path / "top.h5"
    _write_official(small, path)
    with h5py.File(path, "r+") as file:
        for name, shape in (("fc1_W", (2048, 2**38)), ("fc1_b", (2**38,)), ("fc2_W", (2**38, 6))):
            place = f"{name[:3]}/{name}_1:0"
            del file[place]
            file.create_dataset(place, shape, "<f4")

    with pytest.raises(ClassifierError, match=r"top\.h5: declares \d+ bytes of weights, more"):
        vgg16_top.load(path)


def test_values_that_are_not_finite_are_refused(small: Parameters, tmp_path: Path) -> None:
    path = tmp_path / "top.h5"
    spoilt = small["predictions/bias"].copy()
    spoilt[3] = np.nan
    _write_official({**small, "predictions/bias": spoilt}, path)

    with pytest.raises(ClassifierError, match="holds NaN or infinity"):
        vgg16_top.load(path)


def test_a_truncated_file_is_refused(
    small: Parameters, tmp_path: Path, write: Callable[[Parameters, Path], None]
) -> None:
    path = tmp_path / "top.h5"
    write(small, path)
    path.write_bytes(path.read_bytes()[:-1_000_000])

    with pytest.raises(ClassifierError, match=r"top\.h5: truncated or damaged HDF5"):
        load_classifier(Classes(network=str(path), classes=[0]), tmp_path)
