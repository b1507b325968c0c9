"""Write the generated parts of architecture.md: the rules, the folders, and their modules.

Usage: python docs/diagrams.py

Each part stands between two marks, `<!-- generated: NAME -->` and `<!-- end -->`; the rest of the
page is written by hand. Folders, their order and their texts come from the sources. Diagrams are
Mermaid, which GitHub and most editors draw.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from filter_atlas.base import imports
from filter_atlas.base.atomic_files import write_atomically

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "architecture.md"
ROOT = imports.PACKAGE.name
# Python runs the package itself before any of its modules, and it imports none of them.
MODULES = {name: path for name, path in imports.modules().items() if name != ROOT}


def folder_of(module: str) -> str:
    """The folder of the package in which a module is; a module outside any folder is its own."""
    return module.split(".")[1]


def imports_between_folders() -> dict[tuple[str, str], list[str]]:
    """The imports from one folder to another, as texts, by importing and imported folder."""
    found: dict[tuple[str, str], list[str]] = {}
    for module, path in MODULES.items():
        for other in sorted(imports.imported_by(path) & MODULES.keys()):
            if folder_of(module) != folder_of(other):
                pair = folder_of(module), folder_of(other)
                found.setdefault(pair, []).append(f"{module} imports {other}")
    return found


def folders() -> list[str]:
    """The folders, each after all folders that it imports from.

    Raises:
        ValueError: folders import each other; the message names the imports.
    """
    between = imports_between_folders()
    imported: dict[str, set[str]] = {folder: set() for folder in sorted(map(folder_of, MODULES))}
    for folder, other in sorted(between):
        imported[folder].add(other)
    try:
        return list(TopologicalSorter(imported).static_order())
    except CycleError as error:
        lines = [
            line for other, folder in pairwise(error.args[1]) for line in between[folder, other]
        ]
        raise ValueError("\n".join(["folders import each other:", *lines])) from None


def users_of_folders() -> dict[str, set[str]]:
    """The folders that import from each folder."""
    between = imports_between_folders()
    return {other: {folder for folder, used in between if used == other} for other in folders()}


def users_of_rules() -> dict[str, set[str]]:
    """The rules that need the results of each rule, according to Snakemake."""
    with TemporaryDirectory() as folder:
        Path(folder, "config.yaml").write_text("{filters: 1, variants: [negative]}\n")
        here = ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", folder]
        graph = subprocess.run(
            [sys.executable, "-m", "snakemake", *here, "--rulegraph", "mermaid-js", "--quiet"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", graph, re.MULTILINE))
    users: dict[str, set[str]] = {name: set() for name in sorted(names.values())}
    for rule, user in re.findall(r"^\s*(id\d+) --> (id\d+)$", graph, re.MULTILINE):
        users[names[rule]].add(names[user])
    return users


def reduced(users: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """A graph without cycles, without every edge that follows from a longer path."""

    def beyond(node: str) -> set[str]:
        return {end for user in users[node] for end in (user, *beyond(user))}

    return {
        node: sorted(using - {end for user in using for end in beyond(user)})
        for node, using in users.items()
    }


def mermaid(users: Mapping[str, set[str]]) -> str:
    """A graph as a Mermaid block: each node is above its users."""
    nodes = [f"    {node}" for node in users]
    edges = [f"    {node} --> {user}" for node, using in reduced(users).items() for user in using]
    return "\n".join(["```mermaid", "flowchart TB", *nodes, *edges, "```"])


def description(folder: str) -> str:
    """A folder's heading, what its package says about itself, and a list of its modules.

    Each module has the first line of its documentation.
    """
    texts = {
        module: ast.get_docstring(ast.parse(path.read_bytes())) or ""
        for module, path in MODULES.items()
        if folder_of(module) == folder
    }
    lines = [f"### {folder}", ""]
    if len(texts) > 1:
        lines += [texts.pop(f"{ROOT}.{folder}"), ""]
    for module, text in texts.items():
        link = MODULES[module].relative_to(REPOSITORY).as_posix()
        name = module.removeprefix(f"{ROOT}.{folder}.").removeprefix(f"{ROOT}.")
        lines.append(f"- [`{name}`](../{link}): {text.partition(chr(10))[0]}")
    return "\n".join(lines)


def parts() -> dict[str, str]:
    """Every generated part of the page, by its name."""
    return {
        "rules": mermaid(users_of_rules()),
        "folders": mermaid(users_of_folders()),
        "modules": "\n\n".join(map(description, folders())),
    }


def filled(page: str, contents: Mapping[str, str]) -> str:
    """A page with new generated parts.

    Raises:
        LookupError: the page has no place for one of the parts.
    """
    for name, content in contents.items():
        mark = f"<!-- generated: {name} -->\n"
        before, _, rest = page.partition(mark)
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            raise LookupError(f"{PAGE.name} has no {mark.strip()} … <!-- end -->")
        page = f"{before}{mark}{content}\n{end}{after}"
    return page


if __name__ == "__main__":
    write_atomically(PAGE, filled(PAGE.read_text(), parts()).encode())
