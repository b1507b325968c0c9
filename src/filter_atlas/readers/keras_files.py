"""Checking the file of a Keras model before Keras opens it.

Keras creates every object that a model's configuration names. More than once, this made it run code
or open other files. So only listed items are accepted: the kinds of object that image models
contain, and the members and datasets in which Keras stores them.
"""

import io
import json
import re
from pathlib import Path
from typing import Any

import h5py

from filter_atlas.base.errors import WeightsError
from filter_atlas.readers import hdf5, zip_archive

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = {"metadata.json", _CONFIG, _WEIGHTS}

# In bytes. The largest configuration of Keras Applications has less than one MB.
_LARGEST_CONFIG = 2**24
_LARGEST_MODEL = 2**33

_MODULE = re.compile(
    r"keras|keras(\.src)?\.(activations|applications|constraints|dtype_policies|initializers|layers"
    r"|losses|metrics|models|ops|optimizers|quantizers|random|regularizers)(\..+)?"
)
"""The modules of Keras that define the parts of models."""

_VALUE = re.compile(r"__(bytes|ellipsis|keras_tensor|numpy|slice|tensor|tuple)__")
"""Class names that represent a plain value in a configuration."""

_UNSAFE = re.compile(
    r"__.*|function|Lambda|TFSMLayer|TorchModuleWrapper|JaxLayer|FlaxLayer|TypeSpec|CompositeTensor"
    r"|TextVectorization|(Index|Integer|String)Lookup"
)
"""Classes of Keras that run code of the model's author, or read files that the author names."""

_SAVE_AGAIN = "save a model made of Keras's own layers"


def check(path: Path) -> None:
    """Reject the file of a model that needs code, points to other files, or declares absurd sizes.

    Args:
        path: `.keras` or `.h5`.

    Raises:
        WeightsError: the file is such a file, or is damaged.
    """
    source = str(path)
    try:
        is_zip = zip_archive.is_zip(path)
    except OSError as error:
        raise WeightsError.from_os_error(source, error) from error
    if is_zip:
        _check_archive(path, source)
    # Not `elif`: a file can be both zip and HDF5, and Keras decides by the file's name.
    if h5py.is_hdf5(path):
        with hdf5.opened(path, source) as file:
            _check_datasets(file, source)
            check_config(file.attrs.get("model_config", "{}"), source)


def _check_archive(path: Path, source: str) -> None:
    if unknown := sorted(set(zip_archive.member_names(path, source)) - _MEMBERS):
        raise WeightsError(
            f"{source}: holds {unknown[0]!r}, which is no part of a model for pictures", _SAVE_AGAIN
        )
    check_config(zip_archive.read_member(path, _CONFIG, source, _LARGEST_CONFIG), source)
    weights = io.BytesIO(
        zip_archive.read_member(path, _WEIGHTS, source, _LARGEST_MODEL, hdf5.SIGNATURE)
    )
    with hdf5.opened(weights, f"{source}:{_WEIGHTS}") as file:
        _check_datasets(file, source)


def check_config(written: str | bytes, source: str) -> None:
    """Reject the configuration of a model that needs code, or is no configuration.

    Args:
        written: the configuration as JSON.
        source: names the file in errors.

    Raises:
        WeightsError: it is such a configuration, or is longer than that of any network.
    """
    if len(written) > _LARGEST_CONFIG:
        raise WeightsError(
            f"{source}: has a configuration of {len(written)} bytes, more than the "
            f"{_LARGEST_CONFIG} that are read",
            _SAVE_AGAIN,
        )
    try:
        config = json.loads(written)
    except (ValueError, TypeError, RecursionError) as error:
        raise WeightsError(f"{source}: no Keras model ({error})", _SAVE_AGAIN) from error
    # Keras does not read the training configuration here, so a custom loss is harmless.
    built = {**config, "compile_config": None} if isinstance(config, dict) else config
    if foreign := _foreign_object(built):
        raise WeightsError(
            f"{source}: needs code that is not Keras's own ({foreign}), and code in a file is "
            "never run",
            _SAVE_AGAIN,
        )


def _foreign_object(config: Any) -> str | None:
    """The name of an object in a configuration that is not accepted; None if all are accepted."""
    pending = [config]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending += part.values()
            if "class_name" in part and (foreign := _foreign_name(part)):
                return foreign
        elif isinstance(part, list):
            pending += part
    return None


def _foreign_name(entry: dict[str, Any]) -> str | None:
    """The name of the object that an entry describes; None if it is accepted."""
    name, module = entry["class_name"], entry.get("module", "keras")
    if not isinstance(name, str) or not isinstance(module, str) or not _MODULE.fullmatch(module):
        return f"{name} of {module or entry.get('registered_name')}"
    return name if _UNSAFE.fullmatch(name) and not _VALUE.fullmatch(name) else None


def _check_datasets(file: h5py.File, source: str) -> None:
    """Reject datasets that point to other files, or that declare too many bytes in total."""
    hdf5.check_expansion(file, hdf5.datasets(file, source).values(), source)
