"""Looking through the file of a Keras model before Keras opens it.

Keras makes what a model's configuration names, and has more than once been led by that to run
code or to open other files. So only what is on a list is let through: the kinds of object that
models of pictures are made of, and the members and datasets in which Keras keeps them.
"""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import h5py

from filter_atlas.errors import ClassifierError, WeightsError
from filter_atlas.weights import archive, hdf5

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = {"metadata.json", _CONFIG, _WEIGHTS}

# Bytes. The configurations of the largest networks in Keras Applications have less than one MB.
_LARGEST_CONFIG = 2**26
_LARGEST_MODEL = 2**33

_MODULE = re.compile(
    r"keras|keras(\.src)?\.(activations|applications|constraints|dtype_policies|initializers|layers"
    r"|losses|metrics|models|ops|optimizers|quantizers|random|regularizers)(\..+)?"
)
"""Where Keras keeps what models are made of."""

_VALUE = re.compile(r"__(bytes|ellipsis|keras_tensor|numpy|slice|tensor|tuple)__")
"""What stands for a plain value in a configuration."""

_REFUSED = re.compile(
    r"__.*|function|Lambda|TFSMLayer|TorchModuleWrapper|JaxLayer|FlaxLayer|TypeSpec|CompositeTensor"
    r"|TextVectorization|(Index|Integer|String)Lookup"
)
"""What is Keras's own, and yet runs code of its author's or reads files that he names."""

_SAVE_AGAIN = "save a model made of Keras's own layers"


def check(path: Path) -> None:
    """Refuse the file of a model that needs code, leads out of itself, or declares absurd sizes.

    Args:
        path: `.keras` or `.h5`.

    Raises:
        ClassifierError: it is such a file, or a damaged one.
    """
    source = str(path)
    try:
        if zipfile.is_zipfile(path):
            _check_archive(path, source)
        # No "else": a file can be both at once, and Keras goes by its name.
        if h5py.is_hdf5(path):
            with hdf5.opened(path, source) as file:
                _check_datasets(file, source)
                _check_config(file.attrs.get("model_config", "{}"), source)
    except WeightsError as error:
        raise ClassifierError.of(error, "fetch the file or save the model again") from error


def _check_archive(path: Path, source: str) -> None:
    if strange := sorted(set(archive.names(path, source)) - _MEMBERS):
        raise ClassifierError(
            f"{source}: holds {strange[0]!r}, which is no part of a model of pictures; "
            f"{_SAVE_AGAIN}"
        )
    _check_config(archive.read(path, _CONFIG, source, _LARGEST_CONFIG), source)
    weights = io.BytesIO(archive.read(path, _WEIGHTS, source, _LARGEST_MODEL))
    with hdf5.opened(weights, f"{source}:{_WEIGHTS}") as file:
        _check_datasets(file, source)


def _check_config(written: str | bytes, source: str) -> None:
    try:
        config = json.loads(written)
    except (ValueError, TypeError, RecursionError) as error:
        raise WeightsError(f"{source}: no Keras model ({error})", _SAVE_AGAIN) from error
    # How it was trained is never read: a loss of the author's own does no harm.
    made = {**config, "compile_config": None} if isinstance(config, dict) else config
    if foreign := _foreign(made):
        raise ClassifierError(
            f"{source}: needs code that is not Keras's own ({foreign}), and none is ever run from "
            f"a file; {_SAVE_AGAIN}"
        )


def _foreign(config: Any) -> str | None:
    """An object in a model's configuration that is not on the list."""
    pending = [config]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending += part.values()
            if "class_name" in part and (foreign := _stranger(part)):
                return foreign
        elif isinstance(part, list):
            pending += part
    return None


def _stranger(made: dict[str, Any]) -> str | None:
    """What an entry of a configuration has Keras make, if that is not on the list."""
    name, module = made["class_name"], made.get("module", "keras")
    if not isinstance(name, str) or not isinstance(module, str) or not _MODULE.fullmatch(module):
        return f"{name} of {module or made.get('registered_name')}"
    return name if _REFUSED.fullmatch(name) and not _VALUE.fullmatch(name) else None


def _check_datasets(file: h5py.File, source: str) -> None:
    """Refuse datasets that point elsewhere, or declare more than can be meant."""
    declared = sum(dataset.nbytes for dataset in hdf5.datasets(file, source).values())
    if declared > _LARGEST_MODEL:
        raise WeightsError(
            f"{source}: declares {declared} bytes of weights, more than the {_LARGEST_MODEL} that "
            "are read",
            _SAVE_AGAIN,
        )
