"""VGG16's weights as 26 float32 tensors by name, and the checks that they must pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas.base.architecture import VGG16
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.readers import hdf5
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical

Tensors = dict[str, npt.NDArray[np.float32]]
"""`block1_conv1/kernel` (HWIO), `block1_conv1/bias`, and so on, in network order."""

SHAPES: dict[str, tuple[int, ...]] = {
    name: shape
    for layer in LAYERS
    for name, shape in (
        (f"{layer.name}/kernel", layer.kernel_shape),
        (f"{layer.name}/bias", (layer.filters,)),
    )
}
"""Shape of each of the 26 tensors, in network order, kernel before bias."""

_OIHW_TO_HWIO = (2, 3, 1, 0)
_REMEDY = "give VGG16's 13 convolutions, or another origin in `weights:` of config.yaml"


@dataclass(frozen=True)
class LazyTensor:
    """A tensor that is still in its file: its shape is known before its values are read."""

    shape: tuple[int, ...]
    values: Callable[[], npt.NDArray[np.float32]]

    @classmethod
    def from_dataset(cls, dataset: h5py.Dataset, source: str) -> Self:
        """A tensor in an HDF5 file; `source` names the file in errors."""
        return cls(dataset.shape, partial(hdf5.values, dataset, source))

    def oihw_to_hwio(self) -> "LazyTensor":
        """The same kernel as HWIO, if it is stored as (out, in, height, width)."""
        if len(self.shape) != len(_OIHW_TO_HWIO):
            return self  # not a kernel; the check of its shape reports the error
        return LazyTensor(
            tuple(self.shape[axis] for axis in _OIHW_TO_HWIO),
            lambda: self.values().transpose(_OIHW_TO_HWIO),
        )


def read_tensors(lazy: Mapping[str, LazyTensor], source: str) -> Tensors:
    """Check the declared shapes of tensors, read the tensors, and check their values.

    Args:
        lazy: the tensors by name.
        source: names their file in errors.

    Raises:
        WeightsError: see `check`.
    """
    _check_shapes({name: tensor.shape for name, tensor in lazy.items()}, source)
    # Copied, so that no tensor is a read-only view that keeps its whole file in memory.
    tensors = {name: np.array(lazy[name].values(), order="C") for name in SHAPES}
    check(tensors, source)
    return tensors


def check(tensors: Mapping[str, np.ndarray], source: str) -> None:
    """Check that tensors are VGG16's; `source` names their file in errors.

    Raises:
        WeightsError: a tensor is missing, has another shape, or holds NaN or infinity.
    """
    _check_shapes({name: tensor.shape for name, tensor in tensors.items()}, source)
    for name in SHAPES:
        tensor = tensors[name]
        bad = tensor.size - np.count_nonzero(np.isfinite(tensor))
        if bad:
            raise WeightsError(
                f"{source}: {name} holds {bad} values of {tensor.size} that are not finite "
                "(NaN or infinity)",
                _REMEDY,
            )


def save(tensors: Tensors, path: Path) -> None:
    """Write VGG16's canonical file: equal tensors give equal bytes.

    Raises:
        OSError: the folder is not writable, or the disk is full.
    """
    arrays = {name: np.asarray(tensors[name], "<f4") for name in SHAPES}
    source = NetworkSource.vgg16(weights_digest(arrays.values()))
    canonical.save(path, source, VGG16, arrays)


def random() -> Tensors:
    """Random weights of an untrained network; they are always the same.

    Source: K. He et al., "Delving Deep into Rectifiers" (2015): normally distributed numbers with
    a variance of 2 divided by the number of inputs, and biases of zero.
    """
    # NumPy keeps this stream the same between versions (NEP 19).
    stream = np.random.RandomState(0)
    return {
        name: stream.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape).astype(np.float32)
        if len(shape) == len(_OIHW_TO_HWIO)
        else np.zeros(shape, np.float32)
        for name, shape in SHAPES.items()
    }


def _check_shapes(shapes: Mapping[str, tuple[int, ...]], source: str) -> None:
    for name, expected in SHAPES.items():
        if name not in shapes:
            raise WeightsError(f"{source}: {name} is missing", _REMEDY)
        if shapes[name] != expected:
            raise WeightsError(
                f"{source}: {name} has shape {shapes[name]}, expected {expected}", _REMEDY
            )
