"""The architecture of a network, found without TensorFlow in this process.

Another process builds the network. The result is kept in the cache for the next runs, except that
of a function: it can read any file, so only a call shows which network it returns now.
"""

import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile

from filter_atlas.base import child_process, digests
from filter_atlas.base.architecture import VGG16, Architecture
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import ModelError
from filter_atlas.base.regular_files import read_regular
from filter_atlas.settings.network_source import NetworkSource

_BUILDER = "filter_atlas.networks"


def describe(source: NetworkSource, cache: Path) -> tuple[NetworkSource, Architecture]:
    """The complete source and the architecture of a network.

    Args:
        source: where the network comes from.
        cache: folder in which architectures are kept.

    Returns:
        The source, in which the `content` and the `code` of a function are now known, and the
        architecture.

    Raises:
        ModelError: the network cannot be built, or has nothing to draw.
    """
    if source.is_vgg16:
        return source, VGG16
    if source.kind == "function":
        return _build(source)
    code = digests.code_digest(f"{_BUILDER}.__main__")[:12]
    kept = cache / "networks" / f"{source.fingerprint}-{code}.json"
    try:
        return source, Architecture.from_json(read_regular(kept))
    except (OSError, ValueError, KeyError, TypeError):
        _, architecture = _build(source)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, architecture.to_json().encode())
    return source, architecture


def _build(source: NetworkSource) -> tuple[NetworkSource, Architecture]:
    with NamedTemporaryFile("r", encoding="utf-8") as description:
        run = subprocess.run(
            child_process.python("-m", _BUILDER, source.model_dump_json(), description.name),
            env=child_process.environment(),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        lines = description.read().splitlines()
    if run.returncode or not lines:
        said = run.stderr.strip().splitlines() or ["its process ended without a message"]
        errors = [line for line in said if line.startswith("Error: ")]
        raise ModelError((errors or said)[-1].removeprefix("Error: "))
    complete, architecture = lines
    return NetworkSource.model_validate_json(complete), Architecture.from_json(architecture)
