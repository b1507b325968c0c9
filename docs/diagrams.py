"""Write the generated parts of architecture.md: the rules, the groups of modules, the modules.

Usage: python docs/diagrams.py

Each part stands between two marks, `<!-- generated: NAME -->` and `<!-- end -->`; the rest of the
page is written by hand. Diagrams are Mermaid, which GitHub and most editors draw.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import resolve_name
from pathlib import Path
from tempfile import TemporaryDirectory

from filter_atlas.files import write_atomically

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "architecture.md"
PACKAGE = REPOSITORY / "src" / "filter_atlas"
ROOT = PACKAGE.name

GROUPS = {
    "ground": (
        "",
        *(
            "architecture",
            "digests",
            "errors",
            "feed",
            "files",
            "locks",
            "numerals",
            "picture",
            "precision",
            "refusal",
        ),
        *("rule", "vgg16", "weights.fingerprint"),
    ),
    "config": (
        *("config", "recipe", "classes.names", "classes.settings", "dream.settings"),
        *("models.applications", "models.describe", "models.source", "twins.turn"),
    ),
    "weights": ("weights",),
    "plan": (
        "cost",
        "devices",
        "paths",
        "plan",
        "classes.sources",
        "dream.photograph",
        "dream.zoom",
    ),
    "network": (
        "bounds",
        "compute",
        "models",
        "network",
        "networks",
        "classes.keras_file",
        "classes.keras_model",
    ),
    "ascent": (
        "ascent",
        "lots",
        "objective",
        "optimiser",
        "parametrisation",
        "regulariser",
        "transform",
    ),
    "record": ("quality", "record"),
    "worker": ("environment", "worker"),
    "dream": ("dream",),
    "classes": ("classes",),
    "twins": ("twins",),
    "sheets": ("metrics", "plots", "stitch"),
    "atlas": ("atlas",),
    "notebook": ("notebook",),
}
"""The groups of modules in the order in which a run meets them, and what is in each.

A package stands for all its modules but those that another group names. A module imports from its
own group and from earlier ones, never from a later one.
"""

BESIDE = ("worker", "dream", "classes", "twins", "sheets")
"""Groups that stand beside each other: none imports from another one, whatever their order."""


def _modules() -> dict[str, Path]:
    """The source of every module of the package, by its name in full."""
    modules = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(part for part in parts if part != "__init__")] = path
    return modules


MODULES = _modules()


def imported_by(module: str) -> set[str]:
    """What a module imports, anywhere in it: names of modules, in full."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            members = {f"{origin}.{alias.name}" for alias in node.names}
            imported |= (members & MODULES.keys()) or {origin}
    return imported


def group_of(module: str) -> str:
    """The group of a module: the one that names it, or else the one that names its package.

    Raises:
        LookupError: no group names it.
    """
    owners = {
        f"{ROOT}.{member}".rstrip("."): group
        for group, members in GROUPS.items()
        for member in members
    }
    if module in owners:
        return owners[module]
    package = module.rpartition(".")[0]
    if package == ROOT or package not in owners:
        raise LookupError(f"{module}: say in docs/diagrams.py to which group it belongs")
    return owners[package]


def users_of_groups() -> dict[str, set[str]]:
    """The groups that import from each group, but for `ground`: that all of them do."""
    users: dict[str, set[str]] = {group: set() for group in GROUPS if group != "ground"}
    for module in MODULES:
        for other in imported_by(module) & MODULES.keys():
            if (group := group_of(other)) != "ground":
                users[group] |= {group_of(module)} - {group}
    return users


def users_of_rules() -> dict[str, set[str]]:
    """The rules that need the results of each rule, as Snakemake sees it."""
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
    """A graph without cycles, less every edge that a longer way makes plain."""

    def beyond(node: str) -> set[str]:
        return {end for user in users[node] for end in (user, *beyond(user))}

    return {
        node: sorted(using - {end for user in using for end in beyond(user)})
        for node, using in users.items()
    }


def mermaid(users: Mapping[str, set[str]]) -> str:
    """A graph as a Mermaid block: what is used above what uses it."""
    nodes = [f"    {node}" for node in users]
    edges = [f"    {node} --> {user}" for node, using in reduced(users).items() for user in using]
    return "\n".join(["```mermaid", "flowchart TB", *nodes, *edges, "```"])


def listing(group: str) -> str:
    """The modules of a group, each with the first line of what it says about itself."""
    lines = []
    for module, path in MODULES.items():
        if group_of(module) == group:
            documentation = ast.get_docstring(ast.parse(path.read_text())) or ""
            name, link = module.removeprefix(f"{ROOT}."), path.relative_to(REPOSITORY).as_posix()
            lines.append(f"- [`{name}`](../{link}): {documentation.partition(chr(10))[0]}")
    return "\n".join(lines)


def parts() -> dict[str, str]:
    """Every generated part of the page, by its name."""
    return {
        "rules": mermaid(users_of_rules()),
        "groups": mermaid(users_of_groups()),
        **{f"modules of {group}": listing(group) for group in GROUPS},
    }


def filled(page: str, contents: Mapping[str, str]) -> str:
    """A page with its generated parts written anew.

    Raises:
        LookupError: the page has no place for one of them.
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
