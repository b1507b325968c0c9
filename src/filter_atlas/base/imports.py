"""The imports of the package's modules, read from their source; nothing is imported or run."""

import ast
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
"""Folder of the package."""


@cache
def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """The source file of every module of a package, by full name.

    Args:
        package: folder of the package.
    """
    return {_full_name(path, package): path for path in sorted(package.rglob("*.py"))}


@cache
def syntax_tree(source: bytes) -> ast.Module:
    """The syntax tree of a source text."""
    return ast.parse(source)


def imported_by(path: Path, package: Path = PACKAGE) -> set[str]:
    """Full names of the modules that a source file imports, at its top or inside a function.

    Imports for type checkers (`if TYPE_CHECKING:`) do not count.

    Args:
        path: the source file. It may lie outside the package, as a script does.
        package: folder of the package.
    """
    inside = _full_name(path.parent, package) if path.is_relative_to(package) else ""
    found: set[str] = set()
    for node in _import_statements(path.read_bytes()):
        names = {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), inside)
            # A name imported from a package is a module, or is defined in `__init__.py`.
            names = {f"{origin}.{name}" for name in names} & modules(package).keys() | {origin}
        found |= names
    return found


def closure(root: Path, package: Path = PACKAGE) -> dict[str, Path]:
    """The modules of a package that Python runs when it runs a source file and all its functions.

    Args:
        root: the source file. A module of the package is part of its own closure.
        package: folder of the package.

    Returns:
        Source files by full name, in alphabetical order.
    """
    known = modules(package)
    found: set[str] = set()
    pending = imported_by(root, package)
    if root.is_relative_to(package):
        pending.add(_full_name(root, package))
    while pending:
        name = pending.pop()
        if name in known and name not in found:
            found.add(name)
            # Python runs the packages around a module before the module itself.
            pending |= {name.rpartition(".")[0], *imported_by(known[name], package)}
    return {name: known[name] for name in sorted(found)}


def _full_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def _import_statements(source: bytes) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of a source text, except those for type checkers only."""
    found: list[ast.Import | ast.ImportFrom] = []
    pending: list[ast.AST] = [syntax_tree(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += node.orelse
        else:
            pending += ast.iter_child_nodes(node)
    return found
