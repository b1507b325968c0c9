"""Finding VGG16's convolutions among the datasets of any HDF5 file that Keras writes.

Each generation of Keras has a layout of its own:

    block1_conv1/block1_conv1_W_1:0                        1.x, the official files
    block1_conv1/block1_conv1/kernel:0                     2.x, and 3.x without `:0`
    model_weights/vgg16/block1_conv1/kernel                a whole model that contains VGG16
    layers/functional/layers/conv2d/vars/0                 3.x, the true name in an attribute

The end of a path always names the layer and the parameter, so only the end is read.
"""

import re
from collections.abc import Mapping

import h5py

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import BY_NAME, KERAS_NAMES, LAYERS

_PARAMETER = re.compile(r"(?:^|/)(?P<layer>[^/]+?)[/_](?P<kind>kernel|bias|W|b)(_\d+)?(:0)?$")
_VARIABLE = re.compile(r"(?P<group>.*/vars)/(?P<index>[01])$")
_NUMBERED = re.compile(r"(?P<base>.+?)(?:_(?P<number>\d+))?$")
_KINDS = {"kernel": "kernel", "W": "kernel", "bias": "bias", "b": "bias"}

Parameter = tuple[str, str]
"""Name of a layer in the file, and `kernel` or `bias`."""


def locate(datasets: Mapping[str, h5py.Dataset], source: str) -> dict[str, h5py.Dataset]:
    """Find the convolutions' datasets, by canonical name (`block1_conv1/kernel`).

    They are found by Keras's or the paper's names, if the file contains such names. Otherwise they
    are found by their order, if the file has thirteen 4-D kernels with automatic names (`conv2d`,
    `conv2d_1`, …). Missing datasets are left out.

    Raises:
        WeightsError: two datasets have the same canonical name, or the order is unknown.
    """
    parameters = layer_parameters(datasets)
    names = {layer: _canonical_layer(layer) for (layer, _), _ in parameters}
    if not any(names.values()):
        names = _names_by_order(parameters, source)
    located: dict[str, h5py.Dataset] = {}
    for (layer, kind), dataset in parameters:
        if not names.get(layer):
            continue
        name = f"{names[layer]}/{kind}"
        if name in located:
            raise WeightsError(
                f"{source}: both {located[name].name!r} and {dataset.name!r} could be {name}",
                "save a model that holds VGG16 once",
            )
        located[name] = dataset
    return located


def layer_parameters(datasets: Mapping[str, h5py.Dataset]) -> list[tuple[Parameter, h5py.Dataset]]:
    """The kernels and biases of layers of any kind, in the file's order."""
    return [
        (parameter, dataset)
        for path, dataset in datasets.items()
        if (parameter := _parameter(path, dataset)) is not None
    ]


def _parameter(path: str, dataset: h5py.Dataset) -> Parameter | None:
    if variable := _VARIABLE.search(path):
        group = dataset.parent
        layer = str(group.attrs.get("name", variable["group"].split("/")[-2]))
        return layer, "kernel" if variable["index"] == "0" else "bias"
    if parameter := _PARAMETER.search(path):
        return parameter["layer"], _KINDS[parameter["kind"]]
    return None


def _canonical_layer(layer: str) -> str | None:
    # TensorFlow 1 adds a number to a name that a session already has: block1_conv1_1.
    for name in (layer, re.sub(r"_\d+$", "", layer)):
        if name in BY_NAME:
            return name
        if name in KERAS_NAMES:
            return KERAS_NAMES[name]
    return None


def _names_by_order(
    parameters: list[tuple[Parameter, h5py.Dataset]], source: str
) -> dict[str, str | None]:
    layers = [
        layer for (layer, kind), dataset in parameters if kind == "kernel" and dataset.ndim == 4
    ]
    numbered = [match for layer in layers if (match := _NUMBERED.match(layer))]
    one_series = len({match["base"] for match in numbered}) == 1
    if len(layers) != len(LAYERS) or not one_series:
        raise WeightsError(
            f"{source}: no layer has a name of VGG16's (block1_conv1 or conv1_1, …), and the "
            f"{len(layers)} convolutions found are not 13 in one numbered series",
            "name the layers as keras.applications.VGG16 does and save again",
        )
    numbered.sort(key=lambda match: int(match["number"] or 0))
    return {match.string: layer.name for match, layer in zip(numbered, LAYERS, strict=True)}
