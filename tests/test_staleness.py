"""A change of the code that a rule runs makes its results stale; a change of words does not."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from filter_atlas.base import imports
from filter_atlas.base.digests import code_digest
from filter_atlas.worker import task
from filter_atlas.worker.task import DRAWING, MEASURING, WORKER
from runs import REPOSITORY

RULES = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
SCRIPTS = sorted(set(re.findall(r'code_of\("(.+?)"\)', RULES)))
MODULES = [
    value for name, value in vars(task).items() if name.isupper() and value in imports.modules()
]
"""The modules whose code a worker runs; tasks hold their digests."""

ROOTS = {
    **{script: REPOSITORY / "scripts" / script for script in SCRIPTS},
    **{module: imports.modules()[module] for module in MODULES},
}
"""The source file at which the code of each rule begins."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's sources. Tests leave it as they found it."""
    copy = tmp_path_factory.mktemp("copy") / "filter_atlas"
    shutil.copytree(imports.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def digest(root: str, package: Path) -> str:
    """The digest of a rule's code, with the modules of a copy."""
    return code_digest(root if root in MODULES else ROOTS[root], package)


def closure(root: str, package: Path) -> dict[str, Path]:
    """The modules of a copy that a rule's process imports."""
    return imports.closure(imports.modules(package).get(root, ROOTS[root]), package)


@contextmanager
def changed(contents: Mapping[Path, bytes]) -> Iterator[None]:
    """Files with other contents for a while."""
    before = {path: path.read_bytes() for path in contents}
    try:
        for path, content in contents.items():
            path.write_bytes(content)
        yield
    finally:
        for path, content in before.items():
            path.write_bytes(content)


def with_another_constant(path: Path) -> bytes:
    """A module's source with its last number changed; with a new constant if it has no number."""
    tree = ast.parse(path.read_bytes())
    numbers = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    ]
    if numbers:
        numbers[-1].value = 123_456
    else:
        tree.body += ast.parse("CHANGED = 1").body
    return ast.unparse(tree).encode()


def with_other_words(path: Path) -> bytes:
    """A module's source in another format, with other comments, docstrings, messages and so on."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body.insert(0, ast.Expr(ast.Constant("Other words.")))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Field":
            for keyword in node.keywords:
                if keyword.arg == "description":
                    keyword.value = ast.Constant("Other words.")
        elif isinstance(node, ast.Raise):
            for text in ast.walk(node):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    text.value = "Other words."
    return b"# A comment.\n" + ast.unparse(ast.fix_missing_locations(tree)).encode()


def test_every_rule_that_runs_a_script_has_the_digest_of_its_code() -> None:
    assert set(SCRIPTS) == set(re.findall(r"scripts/(\w+\.py)", RULES))
    assert {DRAWING, MEASURING} <= set(MODULES)


def test_the_closure_holds_every_module_that_a_process_loads() -> None:
    program = """
import importlib, json, os, runpy, sys
import keras  # once for all roots, which run in forks of this process

for root, imported in json.loads(sys.argv[1]).items():
    reader, writer = os.pipe()
    if not os.fork():
        runpy.run_path(root, run_name="root")
        for name in imported:  # also what the root imports inside a function
            importlib.import_module(name)
        loaded = [name for name in sys.modules if name.partition(".")[0] == "filter_atlas"]
        os.write(writer, json.dumps(loaded).encode())
        os._exit(0)
    os.close(writer)
    print(os.fdopen(reader).read())
"""
    known = imports.modules().keys()
    roots = {str(path): sorted(imports.imported_by(path) & known) for path in ROOTS.values()}
    run = subprocess.run(
        [sys.executable, "-c", program, json.dumps(roots)], capture_output=True, text=True
    )

    loaded = [set(json.loads(line)) for line in run.stdout.splitlines()]
    for (root, path), names in zip(ROOTS.items(), loaded, strict=True):
        assert names, root
        assert names <= imports.closure(path).keys(), root


@pytest.mark.parametrize("root", ROOTS)
def test_a_constant_that_changes_in_any_module_changes_the_digest(root: str, package: Path) -> None:
    before = digest(root, package)

    for name, path in closure(root, package).items():
        with changed({path: with_another_constant(path)}):
            assert digest(root, package) != before, name

    assert digest(root, package) == before


@pytest.mark.parametrize("root", SCRIPTS)
def test_a_constant_that_changes_in_the_script_changes_the_digest(
    root: str, package: Path, tmp_path: Path
) -> None:
    other = tmp_path / root
    other.write_bytes(with_another_constant(ROOTS[root]))

    assert code_digest(other, package) != digest(root, package)


def test_words_and_formatting_change_no_digest(package: Path) -> None:
    before = {root: digest(root, package) for root in ROOTS}
    sources = imports.modules(package).values()

    with changed({path: with_other_words(path) for path in sources}):
        after = {root: digest(root, package) for root in ROOTS}

    assert after == before


@pytest.mark.parametrize("root", ROOTS)
def test_code_that_a_rule_does_not_import_changes_no_digest(root: str, package: Path) -> None:
    inside = closure(root, package)
    outside = [path for name, path in imports.modules(package).items() if name not in inside]
    before = digest(root, package)

    with changed({path: with_another_constant(path) for path in outside}):
        assert digest(root, package) == before


def test_the_digest_does_not_depend_on_where_the_package_lies(package: Path) -> None:
    for root in ROOTS:
        assert digest(root, package) == digest(root, imports.PACKAGE)


@pytest.mark.parametrize(
    ("root", "data"),
    [
        ("atlas.py", "site/templates/page.html.j2"),
        ("atlas.py", "site/assets/atlas.css"),
        ("classes.py", "base/imagenet_classes.tsv"),
        ("twins_summary.py", "twins/baseline.json"),
    ],
)
def test_data_beside_a_module_counts_for_the_rules_that_import_it(
    root: str, data: str, package: Path
) -> None:
    before = {root: digest(root, package) for root in ROOTS}
    path = package / data

    with changed({path: path.read_bytes() + b" "}):
        after = {root: digest(root, package) for root in ROOTS}

    assert after[root] != before[root]
    assert after[DRAWING] == before[DRAWING]


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("measure/cells.py", {MEASURING, WORKER, "observe.py", "heat.py"}),
        ("evidence/heat.py", {"heat.py"}),
        ("truth/path_similarity.py", {"observe_pictures.py", "truth_summary.py", "atlas.py"}),
    ],
)
def test_other_paths_of_activations_redraw_no_picture(
    module: str, stale: set[str], package: Path
) -> None:
    before = {root: digest(root, package) for root in ROOTS}
    path = package / module

    with changed({path: with_another_constant(path)}):
        after = {root: digest(root, package) for root in ROOTS}

    assert {root for root in ROOTS if after[root] != before[root]} == stale


def test_a_new_template_counts(package: Path) -> None:
    before = digest("atlas.py", package)

    new = package / "site/templates/new.html.j2"
    new.touch()
    after = digest("atlas.py", package)
    new.unlink()

    assert after != before


def test_every_data_file_is_named_by_a_module_beside_it() -> None:
    # The digest of the photograph is a parameter of the rule that dreams of it.
    for folder in {path.parent for path in imports.modules().values()}:
        sources = "".join(path.read_text() for path in folder.glob("*.py"))
        for entry in folder.iterdir():
            is_code = entry.suffix == ".py" or any(entry.rglob("*.py"))
            if not is_code and entry.name not in ("__pycache__", "photos"):
                assert f'"{entry.name}"' in sources, entry
