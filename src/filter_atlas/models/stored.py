"""A network's canonical file: its weights, and what builds the model that they belong to.

HDF5, as VGG16's canonical file is; the same network gives the same bytes. A model that came from
a file is built from the configuration in it, which holds no code; one that came from a function
is built by that function again.
"""

import hashlib
import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from filter_atlas import files
from filter_atlas.architecture import VGG16, Architecture
from filter_atlas.errors import WeightsError
from filter_atlas.models.source import Source
from filter_atlas.weights import hdf5

_SOURCE = "network"
_REMEDY = "delete it and run again"


def save(model: Any, source: Source, layers: Architecture, path: Path) -> str:
    """Write the canonical file; returns the digest of the weights.

    Raises:
        WeightsError: a weight is not finite.
        OSError: the file cannot be written.
    """
    # By number: the names that Keras gives change from one building to the next.
    arrays = {f"{place:05d}": one.numpy() for place, one in enumerate(model.weights)}
    for variable, array in zip(model.weights, arrays.values(), strict=True):
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{source.title}: {variable.path} holds values that are not finite",
                "give a network without NaN and infinity",
            )
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs["digest"] = digest(arrays)
        file.attrs[_SOURCE] = source.model_dump_json()
        file.attrs["architecture"] = layers.to_json()
        if source.kind == "file":
            # As a data set: attributes hold no more than 64 KiB.
            file.create_dataset("config", data=model.to_json(), track_times=False)
        for name, array in arrays.items():
            file.create_dataset(f"weights/{name}", data=array, track_times=False)
    files.write_atomically(path, image.getvalue())
    return digest(arrays)


def digest(arrays: dict[str, np.ndarray]) -> str:
    """sha256 over all weights, in the model's order, as little-endian float32."""
    sha256 = hashlib.sha256()
    for array in arrays.values():
        sha256.update(np.ascontiguousarray(array, dtype="<f4").data)
    return sha256.hexdigest()


def holds_model(path: Path) -> bool:
    """Whether a canonical file is that of a network other than VGG16."""
    try:
        with h5py.File(path) as file:
            return _SOURCE in file.attrs
    except OSError:
        return False  # whoever reads it as VGG16's says what is wrong


def architecture(path: Path) -> Architecture:
    """The architecture of the network in a canonical file, read without TensorFlow."""
    if not holds_model(path):
        return VGG16
    with h5py.File(path) as file:
        return Architecture.from_json(file.attrs["architecture"])


def load(path: Path) -> tuple[Any, Source, str]:
    """The model in a canonical file, with its weights; where it came from; their digest.

    Raises:
        WeightsError: the file was altered.
        ModelError: the model cannot be built.
    """
    from filter_atlas.models.build import build

    with hdf5.opened(path, str(path)) as file:
        source = Source.model_validate_json(file.attrs[_SOURCE])
        arrays = {name: file[f"weights/{name}"][()] for name in sorted(file["weights"])}
        config = file["config"][()].decode() if "config" in file else None
        recorded = file.attrs["digest"]
    if digest(arrays) != recorded:
        raise WeightsError(f"{path}: altered since it was saved", _REMEDY)
    if config:
        import keras

        model = keras.models.model_from_json(config)
    else:
        model = build(source, with_weights=False)
    shapes = [tuple(one.shape) for one in model.weights]
    if shapes != [array.shape for array in arrays.values()]:
        raise WeightsError(f"{path}: the network has changed since it was saved", _REMEDY)
    for variable, array in zip(model.weights, arrays.values(), strict=True):
        variable.assign(array)
    return model, source, recorded
