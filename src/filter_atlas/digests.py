"""Every digest the product computes, in one place."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent


def of_value(value: Any) -> str:
    """sha256 of a JSON value in canonical form: sorted keys, no spaces."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def of_code(modules: Iterable[str]) -> str:
    """sha256 over the source files of some of the package's modules, in the given order.

    Snakemake looks at a rule, not at the library below it. Passing this digest as a parameter
    of a rule makes its results stale when the code that computes them changes.

    Args:
        modules: files or folders relative to the package, such as `ascent.py` or `atlas`.

    Raises:
        FileNotFoundError: there is no such module.
    """
    digest = hashlib.sha256()
    for module in modules:
        path = PACKAGE / module
        files = sorted(filter(Path.is_file, path.rglob("*.*"))) if path.is_dir() else [path]
        for file in files:
            if file.suffix != ".pyc":
                digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
                digest.update(file.read_bytes())
    return digest.hexdigest()
