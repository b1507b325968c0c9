"""Small files of weights in every layout that is read, for a VGG16 of a few channels."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from onnx import helper, numpy_helper

from filter_atlas.base.architecture import VGG16
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical, vgg16_tensors
from filter_atlas.weights.vgg16_tensors import Tensors

CHANNELS = 4

SHAPES = {
    name: tuple(min(side, CHANNELS) for side in shape)
    for name, shape in vgg16_tensors.SHAPES.items()
}
"""To take the place of `vgg16_tensors.SHAPES`."""


def tensors() -> Tensors:
    """Tensors of these shapes."""
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape, np.float32) for name, shape in SHAPES.items()}


def _hdf5(write: Callable[[h5py.File], None]) -> bytes:
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        write(file)
    return image.getvalue()


def _canonical() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vgg16.h5"
        canonical.save(path, NetworkSource.vgg16(""), VGG16, tensors())
        return path.read_bytes()


def _keras_2(file: h5py.File) -> None:
    file.attrs["layer_names"] = [layer.name.encode() for layer in LAYERS]
    for layer in LAYERS:
        group = file.create_group(layer.name)
        names = [f"{layer.name}/{kind}" for kind in ("kernel", "bias")]
        group.attrs["weight_names"] = [f"{name}:0".encode() for name in names]
        for name in names:
            group[f"{name}:0"] = tensors()[name]


def _keras_3(file: h5py.File) -> None:
    for number, layer in enumerate(LAYERS):
        group = file.create_group(f"layers/conv2d_{number}/vars")
        group.attrs["name"] = layer.name
        group["0"] = tensors()[f"{layer.name}/kernel"]
        group["1"] = tensors()[f"{layer.name}/bias"]


def _article(file: h5py.File) -> None:
    file.attrs["nb_layers"] = len(LAYERS)
    for number, layer in enumerate(LAYERS):
        group = file.create_group(f"layer_{number}")
        group.attrs["nb_params"] = 2
        group["param_0"] = tensors()[f"{layer.name}/kernel"][::-1, ::-1].transpose(3, 2, 0, 1)
        group["param_1"] = tensors()[f"{layer.name}/bias"]


def _onnx() -> bytes:
    parts = []
    for layer in LAYERS:
        kernel = tensors()[f"{layer.name}/kernel"].transpose(3, 2, 0, 1)
        prefix = f"functional_1/{layer.name}_1"
        parts += [
            numpy_helper.from_array(
                np.ascontiguousarray(kernel), f"{prefix}/convolution/ReadVariableOp:0"
            ),
            numpy_helper.from_array(tensors()[f"{layer.name}/bias"], f"{prefix}/Squeeze:0"),
        ]
    graph = helper.make_graph([], "small", [], [], initializer=parts)
    model: bytes = helper.make_model(graph).SerializeToString()
    return model


def _zip(compression: int, **members: bytes) -> bytes:
    image = io.BytesIO()
    with zipfile.ZipFile(image, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return image.getvalue()


def all_layouts() -> dict[str, bytes]:
    """A file of each layout, by the name of the layout."""
    variables = _hdf5(_keras_3)
    archive = {"config.json": b"{}", "model.weights.h5": variables}
    return {
        "Filter Atlas": _canonical(),
        "Keras 2": _hdf5(_keras_2),
        "Keras 3": variables,
        "article": _hdf5(_article),
        ".keras": _zip(zipfile.ZIP_STORED, **archive),
        "ONNX": _onnx(),
        "wheel": _zip(zipfile.ZIP_DEFLATED, **{"models/vgg16.onnx": _onnx()}),
    }
