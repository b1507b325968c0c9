"""Reading VGG16 with its three dense layers, from its official Keras file or the article's.

The official file calls the dense layers `fc1`, `fc2` and `predictions`. The article's file numbers
all layers (see `weights.layouts.article`). The rows of its first dense layer have Theano's order of
flattening, channels first; here they are reordered, because this network flattens channels last.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import h5py
import keras
import numpy as np

from filter_atlas.base import class_names
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import ClassifierError, WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST, LAYERS, POOLINGS
from filter_atlas.class_pictures.logit_model import (
    Array,
    LogitModel,
    WeightedLayer,
    build_keras,
    convolution,
    dense,
)
from filter_atlas.readers import hdf5
from filter_atlas.weights.layouts import article, keras_hdf5
from filter_atlas.weights.vgg16_tensors import LazyTensor, Tensors, read_tensors

DENSE_NAMES = ("fc1", "fc2", "predictions")

FEATURES = LAYERS[-1].filters
"""Channels of the output of VGG16's convolutional part."""

_REMEDY = (
    "give VGG16's whole file, vgg16_weights_tf_dim_ordering_tf_kernels.h5 or the article's "
    "vgg16_weights.h5, as `network:` under `classes:` in config.yaml"
)

DenseTensors = tuple[LazyTensor, LazyTensor]
"""The kernel and the bias of a dense layer, still in their file."""


def load(path: Path) -> LogitModel:
    """Load the classifier from either kind of file, recognised by its content.

    The first dense layer determines its size: 224 pixels as published. Its classes have
    ImageNet's names if there are a thousand of them and the convolutions have the ImageNet weights.

    Raises:
        ClassifierError: the file is damaged, has no dense layers, or they do not fit together.
    """
    source = str(path)
    try:
        with hdf5.opened(path, source) as file:
            datasets = hdf5.datasets(file, source)
            is_article = article.is_article(file)
            if is_article:
                lazy = article.locate(datasets, source)
                top = _numbered_dense_layers(datasets, source)
            else:
                located = keras_hdf5.locate(datasets, source)
                lazy = {
                    name: LazyTensor.from_dataset(dataset, source)
                    for name, dataset in located.items()
                }
                top = _named_dense_layers(datasets, source)
            size = _picture_size(top, source)
            hdf5.check_expansion(file, datasets.values(), source)
            tensors = read_tensors(lazy, source)
            parameters = [_read_dense(kernel, bias, source) for kernel, bias in top]
    except WeightsError as error:
        raise ClassifierError.from_weights_error(error, _REMEDY) from error
    (first, first_bias), second, last = parameters
    if is_article:
        first = rows_to_channels_last(first)
    layers = [
        *_convolutional_layers(tensors),
        (keras.layers.Flatten(), []),
        dense(first, first_bias),
        (keras.layers.ReLU(), []),
        dense(*second),
        (keras.layers.ReLU(), []),
        dense(*last),
    ]
    classes, imagenet = last[1].size, class_names.imagenet()
    is_imagenet = classes == len(imagenet) and weights_digest(tensors.values()) == IMAGENET_DIGEST
    model = build_keras(layers, size, source)
    return LogitModel(model, "softmax", size, 3, classes, imagenet if is_imagenet else None)


def rows_to_channels_last(kernel: Array) -> Array:
    """Reorder the rows of a dense kernel from Theano's flattening to TensorFlow's.

    Args:
        kernel: (512 · side · side, out); its rows are in the order channels, rows, columns.

    Returns:
        The same shape; its rows are in the order rows, columns, channels.
    """
    cells, outputs = kernel.shape
    side = math.isqrt(cells // FEATURES)
    by_position = kernel.reshape(FEATURES, side, side, outputs).transpose(1, 2, 0, 3)
    return np.ascontiguousarray(by_position).reshape(cells, outputs)


def _convolutional_layers(tensors: Tensors) -> Iterator[WeightedLayer]:
    """VGG16's convolutional part with its last pooling."""
    pools = 0
    for layer in LAYERS:
        if layer.pools_before > pools:
            yield keras.layers.MaxPooling2D(2), []
            pools = layer.pools_before
        yield convolution(tensors[f"{layer.name}/kernel"], tensors[f"{layer.name}/bias"])
        yield keras.layers.ReLU(), []
    yield keras.layers.MaxPooling2D(2), []


def _numbered_dense_layers(datasets: Mapping[str, h5py.Dataset], source: str) -> list[DenseTensors]:
    """The dense layers of the article's file, in order."""
    numbers = sorted(
        int(path.removeprefix("layer_").removesuffix("/param_0"))
        for path, dataset in datasets.items()
        if path.endswith("/param_0") and dataset.ndim == 2
    )
    return [
        (
            LazyTensor.from_dataset(datasets[f"layer_{number}/param_0"], source),
            _bias(datasets.get(f"layer_{number}/param_1"), f"layer_{number}", source),
        )
        for number in numbers
    ]


def _named_dense_layers(datasets: Mapping[str, h5py.Dataset], source: str) -> list[DenseTensors]:
    """The dense layers of a Keras file, in order."""
    found = dict(keras_hdf5.layer_parameters(datasets))
    return [
        (
            LazyTensor.from_dataset(found[name, "kernel"], source),
            _bias(found.get((name, "bias")), name, source),
        )
        for name in DENSE_NAMES
        if (name, "kernel") in found
    ]


def _bias(dataset: h5py.Dataset | None, name: str, source: str) -> LazyTensor:
    if dataset is None:
        raise WeightsError(f"{source}: {name} has no bias", _REMEDY)
    return LazyTensor.from_dataset(dataset, source)


def _picture_size(top: Sequence[DenseTensors], source: str) -> int:
    """Check that the shapes of the dense layers fit together; return the size of pictures."""
    if len(top) != len(DENSE_NAMES):
        raise WeightsError(
            f"{source}: {len(top)} dense layers, where VGG16 has {len(DENSE_NAMES)}", _REMEDY
        )
    rows = next(iter(top[0][0].shape), 0)
    side = math.isqrt(rows // FEATURES)
    if not side or rows != FEATURES * side * side:
        raise WeightsError(
            f"{source}: {DENSE_NAMES[0]} takes {rows} values, expected {FEATURES} channels "
            "times a square number, such as 25088",
            _REMEDY,
        )
    for name, (kernel, bias) in zip(DENSE_NAMES, top, strict=True):
        expected = (rows, *kernel.shape[1:2])
        if kernel.shape != expected or len(expected) != 2:
            raise WeightsError(
                f"{source}: {name}'s kernel has shape {kernel.shape}, expected {rows} rows", _REMEDY
            )
        rows = kernel.shape[1]
        if bias.shape != (rows,):
            raise WeightsError(
                f"{source}: {name}'s bias has shape {bias.shape}, expected ({rows},)", _REMEDY
            )
    return side << POOLINGS


def _read_dense(kernel: LazyTensor, bias: LazyTensor, source: str) -> tuple[Array, Array]:
    values = kernel.values(), bias.values()
    if not all(np.isfinite(array).all() for array in values):
        raise WeightsError(f"{source}: a dense layer holds NaN or infinity", _REMEDY)
    return values
