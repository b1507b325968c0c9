"""The layers of a classifier read from a file: plain values, before any framework sees them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights.canonical import Tensors

Array = npt.NDArray[np.float32]

POOLINGS = 5
"""Halvings of a picture's side in VGG16's convolutional part."""

FEATURES = LAYERS[-1].filters
"""Channels of what VGG16's convolutional part gives."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """3×3, stride 1, padding `same`: kernel (3, 3, in, out), bias (out,)."""

    kernel: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class Relu:
    """The positive part."""


@dataclass(frozen=True, eq=False)
class Pool:
    """2×2 max pooling, without padding."""


@dataclass(frozen=True, eq=False)
class Flatten:
    """(height, width, channels) in a row, channels last."""


@dataclass(frozen=True, eq=False)
class Dense:
    """Kernel (in, out), bias (out,)."""

    kernel: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class Scale:
    """Each channel times its gain, plus its shift; (channels,) both. A batch norm at rest."""

    gain: Array
    shift: Array


Layer = Convolution | Relu | Pool | Flatten | Dense | Scale


def convolutional(tensors: Tensors) -> list[Layer]:
    """VGG16's convolutional part with its last pooling, from the canonical weights."""
    layers: list[Layer] = []
    pools = 0
    for layer in LAYERS:
        if layer.pools_before > pools:
            layers.append(Pool())
            pools = layer.pools_before
        layers += [
            Convolution(tensors[f"{layer.name}/kernel"], tensors[f"{layer.name}/bias"]),
            Relu(),
        ]
    return [*layers, Pool()]


def arrays(layers: Sequence[Layer]) -> list[Array]:
    """All parameters, in order."""
    return [getattr(layer, field.name) for layer in layers for field in fields(layer)]


def digest(parameters: Sequence[Array]) -> str:
    """sha256 over parameters in order: the shape of each, then its values.

    Values count as little-endian float32.
    """
    sha256 = hashlib.sha256()
    for parameter in parameters:
        sha256.update(repr(tuple(parameter.shape)).encode())
        sha256.update(np.ascontiguousarray(parameter, dtype="<f4").data)
    return sha256.hexdigest()
