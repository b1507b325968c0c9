"""TensorFlow is loaded where pictures are computed and nowhere else; imports have no cycle."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import filter_atlas

PACKAGE = Path(filter_atlas.__file__).parent

COMPUTING = {
    "filter_atlas.ascent",
    "filter_atlas.classes.ascent",
    "filter_atlas.classes.classifier",
    "filter_atlas.classes.draw",
    "filter_atlas.classes.keras_model",
    "filter_atlas.classes.loading",
    "filter_atlas.classes.stack",
    "filter_atlas.compute",
    "filter_atlas.dream.ascent",
    "filter_atlas.network",
    "filter_atlas.objective",
    "filter_atlas.optimiser",
    "filter_atlas.parametrisation",
    "filter_atlas.quality",
    "filter_atlas.regulariser",
    "filter_atlas.transform",
    "filter_atlas.twins.answers",
    "filter_atlas.twins.find",
    "filter_atlas.worker.studio",
}
"""The modules that may load TensorFlow, or Keras, which loads it."""


def _modules() -> dict[str, Path]:
    """The source of every module of the package, by name."""
    modules = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(part for part in parts if part != "__init__")] = path
    return modules


MODULES = _modules()


def _imported_by(name: str) -> set[str]:
    """What a module imports, anywhere in it: names of modules, in full."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            members = {f"{origin}.{alias.name}" for alias in node.names}
            imported |= (members & MODULES.keys()) or {origin}
    return imported


def test_only_the_modules_that_compute_load_tensorflow() -> None:
    light = sorted(MODULES.keys() - COMPUTING)
    program = (
        f"import importlib, sys; [importlib.import_module(name) for name in {light}]; "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (run.stdout, run.stderr) == ("set()\n", "")


def test_every_module_that_may_load_tensorflow_is_there_and_does() -> None:
    for name in COMPUTING:
        assert ({"tensorflow", "keras"} | COMPUTING) & _imported_by(name)


def test_imports_have_no_cycle() -> None:
    graph = {name: _imported_by(name) & MODULES.keys() for name in MODULES}

    order = list(TopologicalSorter(graph).static_order())

    assert order.index("filter_atlas.config") < order.index("filter_atlas.plan")
    assert order.index("filter_atlas.recipe") < order.index("filter_atlas.config")
    assert order.index("filter_atlas.network") < order.index("filter_atlas.ascent")


def test_the_library_does_not_know_snakemake() -> None:
    imported = {other for name in MODULES for other in _imported_by(name)}

    assert "snakemake" not in {name.partition(".")[0] for name in imported}
