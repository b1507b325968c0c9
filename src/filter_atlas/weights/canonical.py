"""The canonical file of a network: its weights, its layers, and where it came from.

Every network has the same kind of file, HDF5 with

    filter_atlas            the header, as JSON
    weights/<name>          one array for each name in the header

Reading it executes nothing. The package `networks` builds a Keras model from it.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from pydantic import BaseModel

from filter_atlas.base import atomic_files
from filter_atlas.base.architecture import Architecture
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.readers import hdf5
from filter_atlas.settings.network_source import NetworkSource

_HEADER = "filter_atlas"
_WEIGHTS = "weights"
_REMEDY = "delete it and run again"


class Header(BaseModel, frozen=True):
    """The header of a canonical file.

    Attributes:
        source: where the network came from.
        architecture: its convolutions.
        digest: `digests.weights_digest` of the arrays.
        names: names of the arrays, in the network's order.
        keras_config: JSON from which Keras builds the model; None if `source` suffices.
    """

    source: NetworkSource
    architecture: Architecture
    digest: str
    names: tuple[str, ...]
    keras_config: str | None = None


def save(
    path: Path,
    source: NetworkSource,
    architecture: Architecture,
    arrays: Mapping[str, np.ndarray],
    keras_config: str | None = None,
) -> str:
    """Write a canonical file; equal content gives equal bytes.

    Args:
        path: the file.
        source, architecture, keras_config: see `Header`.
        arrays: the weights by name, in the network's order.

    Returns:
        The digest of the weights.

    Raises:
        OSError: the folder is not writable, or the disk is full.
    """
    header = Header(
        source=source,
        architecture=architecture,
        digest=weights_digest(arrays.values()),
        names=tuple(arrays),
        keras_config=keras_config,
    )
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        # A data set, because an attribute holds no more than 64 KiB.
        text = np.bytes_(header.model_dump_json().encode())
        file.create_dataset(_HEADER, data=text, track_times=False)
        for name, array in arrays.items():
            file.create_dataset(f"{_WEIGHTS}/{name}", data=array, track_times=False)
    atomic_files.write_atomically(path, image.getvalue())
    return header.digest


def load(path: Path) -> tuple[Header, dict[str, np.ndarray]]:
    """Read a canonical file: its header, and the weights by name, in the network's order.

    Raises:
        WeightsError: the file is missing, truncated, altered, or not a canonical file.
    """
    with _opened(path) as file:
        header, datasets = contents(file, str(path))
        hdf5.check_expansion(file, datasets.values(), str(path))
        arrays = {name: hdf5.raw_values(dataset, str(path)) for name, dataset in datasets.items()}
    check_digest(header, arrays, str(path))
    return header, arrays


def load_header(path: Path) -> Header:
    """Read the header of a canonical file, without the weights.

    Raises:
        WeightsError: the file is missing, truncated, or not a canonical file.
    """
    with _opened(path) as file:
        return contents(file, str(path))[0]


def is_canonical(file: h5py.File) -> bool:
    """Whether an open file has the header that `save` writes."""
    return _HEADER in file


def contents(file: h5py.File, source: str) -> tuple[Header, dict[str, h5py.Dataset]]:
    """The header and the unread arrays of an open file; `source` names the file in errors.

    Raises:
        WeightsError: the file is damaged, or not a canonical file.
    """
    datasets = hdf5.datasets(file, source)
    if _HEADER not in datasets:
        raise WeightsError(f"{source}: not a canonical weights file", _REMEDY)
    hdf5.check_expansion(file, [datasets[_HEADER]], source)
    header = Header.model_validate_json(hdf5.raw_values(datasets[_HEADER], source))
    return header, {name: datasets[f"{_WEIGHTS}/{name}"] for name in header.names}


def check_digest(header: Header, arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Check that arrays are the ones that were saved.

    Raises:
        WeightsError: the file was altered since it was saved.
    """
    found = weights_digest(arrays.values())
    if found != header.digest:
        raise WeightsError(
            f"{source}: altered since it was saved (digest {found}, recorded {header.digest})",
            _REMEDY,
        )


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    if not path.exists():
        raise WeightsError(f"{path}: no such file", "run again to make it")
    with hdf5.opened(path, str(path)) as file:
        yield file
