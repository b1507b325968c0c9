"""Every digest that the product computes, in one place.

The digest of code decides which results are stale. Snakemake compares rules and scripts, but not
the library that they call, so each rule has the digest of its code as a parameter. The digest
covers every module that the rule's process imports, but no comments, docstrings, formatting,
descriptions of settings or texts of errors: none of these changes a result.
"""

import ast
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from filter_atlas.base import imports
from filter_atlas.base.regular_files import open_regular


def value_digest(value: Any) -> str:
    """sha256 of a JSON value in canonical form: sorted keys, no spaces."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def bytes_digest(data: bytes) -> str:
    """sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hash of a file's bytes, as lower-case hexadecimal.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def weights_digest(arrays: Iterable[np.ndarray]) -> str:
    """sha256 of a network's weights: their values in order, as little-endian float32."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f4").data)
    return digest.hexdigest()


def code_digest(root: Path | str, package: Path = imports.PACKAGE) -> str:
    """sha256 of the code that a process runs: a root, and every module that it imports.

    The digest is the same wherever the package lies, and in every version of Python. A change of
    a comment, a docstring, formatting, the description of a setting or the text of an error does
    not change it. Data files count as well: a file or folder beside a module counts if the module
    contains its name as a string.

    Args:
        root: path of a script, or full name of a module such as `filter_atlas.worker.drawing`.
        package: folder of the package.

    Raises:
        LookupError: there is no such module.
        FileNotFoundError: there is no such script.
    """
    if isinstance(root, str):
        known = imports.modules(package)
        if root not in known:
            raise LookupError(f"{root}: no such module in {package}")
        root = known[root]
    digest = hashlib.sha256()
    for name, path in {"": root, **imports.closure(root, package)}.items():
        code, strings = _code_and_strings(path.read_bytes())
        digest.update(f"{name} {code}\n".encode())
        for file in _data_files(path.parent, strings):
            named = file.relative_to(path.parent).as_posix()
            digest.update(f"{named} {file_digest(file)}\n".encode())
    return digest.hexdigest()


@cache
def _code_and_strings(source: bytes) -> tuple[str, frozenset[str]]:
    """sha256 of the code in a source text, and all string constants in it."""
    tree = imports.syntax_tree(source)
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    code = _canonical(tree).encode("utf-8", "surrogatepass")
    return bytes_digest(code), frozenset(text for text in strings if isinstance(text, str))


def _data_files(folder: Path, names: frozenset[str]) -> list[Path]:
    """The files with these names in a folder, and all files in its subfolders with these names.

    Python modules and packages do not count as data.
    """
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name in names and entry.suffix != ".py" and not (entry / "__init__.py").exists():
            found += filter(Path.is_file, [entry, *entry.rglob("*")])
    return sorted(found)


def _canonical(node: object, in_raise: bool = False) -> str:
    """A syntax tree as text, without docstrings, descriptions and the texts of errors.

    `ast.dump` is not used, because its empty fields depend on the version of Python.
    """
    if isinstance(node, list):
        parts = (_canonical(item, in_raise) for item in node if not _is_docstring(item))
        return f"[{' '.join(parts)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    in_raise = in_raise or isinstance(node, ast.Raise)
    if in_raise and isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "text"
    fields = {
        name: value
        for name, value in ast.iter_fields(node)
        if value not in (None, []) and name not in ("ctx", "kind", "type_comment")
    }
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field":
        fields["keywords"] = [keyword for keyword in node.keywords if keyword.arg != "description"]
    texts = (f"{name}={_canonical(value, in_raise)}" for name, value in fields.items())
    return f"{type(node).__name__}({' '.join(texts)})"


def _is_docstring(node: object) -> bool:
    """Whether a node is a statement that consists of a string, as a docstring does."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
