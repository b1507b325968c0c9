"""Reading VGG16 with its three dense layers, from its official Keras file or the article's.

The official file names them `fc1`, `fc2` and `predictions`. The article's file counts them (see
`weights.article_layout`), and their rows are in the order in which Theano flattens: channels
first. This network flattens channels last, so the rows of the first are put into that order.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from filter_atlas.classes.layers import (
    FEATURES,
    POOLINGS,
    Array,
    Dense,
    Flatten,
    Layer,
    Relu,
    convolutional,
)
from filter_atlas.errors import ClassifierError, WeightsError
from filter_atlas.weights import article_layout, canonical, hdf5, keras_layout
from filter_atlas.weights.canonical import Stored, Tensors

DENSE_NAMES = ("fc1", "fc2", "predictions")

_REMEDY = (
    "give VGG16's whole file, vgg16_weights_tf_dim_ordering_tf_kernels.h5 or the article's "
    "vgg16_weights.h5, as `network:` under `classes:` in config.yaml"
)


class Vgg16:
    """VGG16 with its dense layers, as read.

    Attributes:
        convolutions: the canonical weights of its convolutional part.
        layers: all layers up to the logits, in order.
        size: side of the picture that its first dense layer fits, in pixels; 224 as published.
        classes: number of classes; 1000 as published.
    """

    def __init__(self, convolutions: Tensors, dense: Sequence[Dense], size: int) -> None:
        self.convolutions = convolutions
        first, second, last = dense
        self.layers: list[Layer] = [
            *convolutional(convolutions),
            Flatten(),
            first,
            Relu(),
            second,
            Relu(),
            last,
        ]
        self.size = size
        self.classes = last.bias.size


def read(path: Path) -> Vgg16:
    """Read either kind of file, recognised by its content.

    Raises:
        ClassifierError: the file is damaged, has no dense layers, or they do not fit together.
    """
    source = str(path)
    try:
        with hdf5.opened(path, source) as file:
            datasets = hdf5.datasets(file, source)
            if article_layout.is_article(file):
                stored = article_layout.locate(datasets, source)
                tops = _of_article(datasets, source)
            else:
                located = keras_layout.locate(datasets, source)
                stored = {name: Stored.of(dataset, source) for name, dataset in located.items()}
                tops = _by_name(datasets, source)
            size = _judge(tops, source)
            convolutions = canonical.materialise(stored, source)
            dense = [_dense(kernel, bias, source) for kernel, bias in tops]
            if article_layout.is_article(file):
                dense[0] = Dense(channels_last(dense[0].kernel), dense[0].bias)
    except WeightsError as error:
        raise ClassifierError.of(error, _REMEDY) from error
    return Vgg16(convolutions, dense, size)


def channels_last(kernel: Array) -> Array:
    """Reorder the rows of a dense kernel from Theano's flattening to TensorFlow's.

    Args:
        kernel: (512 · side · side, out); rows count channels, then rows, then columns.

    Returns:
        The same shape; rows count rows, then columns, then channels.
    """
    cells, outputs = kernel.shape
    side = math.isqrt(cells // FEATURES)
    by_place = kernel.reshape(FEATURES, side, side, outputs).transpose(1, 2, 0, 3)
    return np.ascontiguousarray(by_place).reshape(cells, outputs)


def _of_article(datasets: Mapping[str, h5py.Dataset], source: str) -> list[tuple[Stored, Stored]]:
    numbers = sorted(
        int(path.removeprefix("layer_").removesuffix("/param_0"))
        for path, dataset in datasets.items()
        if path.endswith("/param_0") and dataset.ndim == 2
    )
    return [
        (
            Stored.of(datasets[f"layer_{number}/param_0"], source),
            _bias(datasets.get(f"layer_{number}/param_1"), f"layer_{number}", source),
        )
        for number in numbers
    ]


def _by_name(datasets: Mapping[str, h5py.Dataset], source: str) -> list[tuple[Stored, Stored]]:
    found = dict(keras_layout.parameters_of(datasets))
    return [
        (Stored.of(found[name, "kernel"], source), _bias(found.get((name, "bias")), name, source))
        for name in DENSE_NAMES
        if (name, "kernel") in found
    ]


def _bias(dataset: h5py.Dataset | None, name: str, source: str) -> Stored:
    if dataset is None:
        raise WeightsError(f"{source}: {name} has no bias", _REMEDY)
    return Stored.of(dataset, source)


def _judge(tops: Sequence[tuple[Stored, Stored]], source: str) -> int:
    """Refuse shapes that do not fit together; returns the side of the picture that they fit."""
    if len(tops) != len(DENSE_NAMES):
        raise WeightsError(
            f"{source}: {len(tops)} dense layers, where VGG16 has {len(DENSE_NAMES)}", _REMEDY
        )
    rows = next(iter(tops[0][0].shape), 0)
    side = math.isqrt(rows // FEATURES)
    if not side or rows != FEATURES * side * side:
        raise WeightsError(
            f"{source}: {DENSE_NAMES[0]} takes {rows} values, which are no square of {FEATURES} "
            "channels, such as 25088",
            _REMEDY,
        )
    for name, (kernel, bias) in zip(DENSE_NAMES, tops, strict=True):
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


def _dense(kernel: Stored, bias: Stored, source: str) -> Dense:
    dense = Dense(kernel.values(), bias.values())
    if not (np.isfinite(dense.kernel).all() and np.isfinite(dense.bias).all()):
        raise WeightsError(f"{source}: a dense layer holds NaN or infinity", _REMEDY)
    return dense
