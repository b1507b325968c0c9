"""The one form in which the pipeline meets VGG16's weights: 26 float32 tensors by name."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas import files
from filter_atlas.errors import WeightsError
from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights import hdf5
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST as IMAGENET_DIGEST

Tensors = dict[str, npt.NDArray[np.float32]]
"""`block1_conv1/kernel` (HWIO) and `block1_conv1/bias`, and so on, in network order."""

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
class Stored:
    """A tensor still in its file: its shape is known before its values are read."""

    shape: tuple[int, ...]
    values: Callable[[], npt.NDArray[np.float32]]

    @classmethod
    def of(cls, dataset: h5py.Dataset, source: str) -> Self:
        """A tensor in an HDF5 file; `source` names the file in errors."""
        return cls(dataset.shape, partial(hdf5.values, dataset, source))

    def from_oihw(self) -> "Stored":
        """The HWIO kernel of this one, stored as (out, in, height, width)."""
        if len(self.shape) != len(_OIHW_TO_HWIO):
            return self  # no kernel at all, which the check of its shape will say
        return Stored(
            tuple(self.shape[axis] for axis in _OIHW_TO_HWIO),
            lambda: self.values().transpose(_OIHW_TO_HWIO),
        )


def digest(tensors: Tensors) -> str:
    """Digest of the weights: sha256 over all 26, in network order, as little-endian float32."""
    sha256 = hashlib.sha256()
    for name in SHAPES:
        sha256.update(np.ascontiguousarray(tensors[name], dtype="<f4").data)
    return sha256.hexdigest()


def random() -> Tensors:
    """Weights that have learnt nothing; always the same ones.

    Source: K. He et al., "Delving Deep into Rectifiers" (2015): normal numbers of a variance of 2
    over the number of inputs, and no biases.
    """
    # NumPy keeps this stream the same between versions (NEP 19).
    lots = np.random.RandomState(0)
    return {
        name: lots.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape).astype(np.float32)
        if len(shape) == len(_OIHW_TO_HWIO)
        else np.zeros(shape, np.float32)
        for name, shape in SHAPES.items()
    }


def check(tensors: Tensors, source: str) -> None:
    """Refuse tensors that are not VGG16's; `source` names their file in the error.

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


def materialise(stored: Mapping[str, Stored], source: str) -> Tensors:
    """Read stored tensors, once their declared shapes have been judged, and check them.

    Raises:
        WeightsError: see `check`.
    """
    _check_shapes({name: tensor.shape for name, tensor in stored.items()}, source)
    # Copied, so that no tensor is a read-only view that keeps its whole file in memory.
    tensors = {name: np.array(stored[name].values(), order="C") for name in SHAPES}
    check(tensors, source)
    return tensors


def save(tensors: Tensors, path: Path) -> None:
    """Write the canonical file: equal tensors give equal bytes.

    Raises:
        OSError: the folder is not writable, the disk is full.
    """
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs["digest"] = digest(tensors)
        for name in SHAPES:
            file.create_dataset(name, data=tensors[name], dtype="<f4", track_times=False)
    files.write_atomically(path, image.getvalue())


def load(path: Path) -> tuple[Tensors, str]:
    """Read the canonical file; returns the tensors and their digest.

    Raises:
        WeightsError: the file is missing, truncated, altered, or not the canonical one.
    """
    source = str(path)
    if not path.exists():
        raise WeightsError(f"{source}: no such file", "run again to make it")
    with hdf5.opened(path, source) as file:
        if not is_canonical(file):
            raise WeightsError(f"{source}: not a canonical weights file", "delete it and run again")
        return read_from(file, source)


def is_canonical(file: h5py.File) -> bool:
    """Whether an open file claims to be one that `save` wrote."""
    return "digest" in file.attrs


def read_from(file: h5py.File, source: str) -> tuple[Tensors, str]:
    """Read an open canonical file; returns the tensors and their digest.

    Raises:
        WeightsError: the file was altered since it was saved.
    """
    tensors = materialise(
        {name: Stored.of(item, source) for name, item in hdf5.datasets(file, source).items()},
        source,
    )
    found, recorded = digest(tensors), file.attrs["digest"]
    if found != recorded:
        raise WeightsError(
            f"{source}: altered since it was saved (digest {found}, recorded {recorded})",
            "delete it and run again",
        )
    return tensors, found


def _check_shapes(shapes: Mapping[str, tuple[int, ...]], source: str) -> None:
    for name, expected in SHAPES.items():
        if name not in shapes:
            raise WeightsError(f"{source}: {name} is missing", _REMEDY)
        if shapes[name] != expected:
            raise WeightsError(
                f"{source}: {name} has shape {shapes[name]}, expected {expected}", _REMEDY
            )
