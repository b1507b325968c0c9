"""Folders import one way, families do not know each other, and TensorFlow loads late."""

import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

import diagrams
from diagrams import MODULES, folder_of, folders, imports_between_folders
from filter_atlas.base.imports import imported_by
from filter_atlas.workflow.families import FAMILIES
from runs import REPOSITORY

FAMILY_FOLDERS = {
    folder_of(name)
    for name, path in MODULES.items()
    if name.endswith(".family") and "filter_atlas.settings.family" in imported_by(path)
}
"""The folders with a module `family`, in which a family of results plugs into the workflow."""

WITHOUT_TENSORFLOW = ("base", "settings", "readers", "weights", "workflow", "site", "notebook")
"""Folders that Snakemake, the client of a worker or the pages load: they cannot wait for it."""

SCRIPTS_WITHOUT_TENSORFLOW = (
    *("atlas", "exemplars", "metrics", "observe", "overview", "stitch", "twins_summary", "weights"),
)


def test_folders_import_one_way() -> None:
    order = folders()  # an error names the imports that are against it

    for folder, other in imports_between_folders():
        assert order.index(other) < order.index(folder)


def test_a_cycle_between_folders_is_refused_with_the_imports_that_make_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    between = {("base", "site"): ["base.png imports site.svg"], ("site", "base"): ["and back"]}
    monkeypatch.setattr(diagrams, "imports_between_folders", lambda: between)

    with pytest.raises(ValueError, match=r"base\.png imports site\.svg") as caught:
        folders()

    assert "and back" in str(caught.value)


def test_modules_import_one_way() -> None:
    graph = {name: imported_by(path) & MODULES.keys() for name, path in MODULES.items()}

    order = list(TopologicalSorter(graph).static_order())

    assert set(order) == MODULES.keys()


def test_every_family_is_in_the_list_of_families() -> None:
    listed = imported_by(MODULES["filter_atlas.workflow.families"])

    assert {folder_of(name) for name in listed if name.endswith(".family")} - {"settings"} == (
        FAMILY_FOLDERS
    )
    assert len(FAMILIES) == len(FAMILY_FOLDERS)


def test_families_do_not_import_each_other() -> None:
    pairs = imports_between_folders().items()

    assert [lines for pair, lines in pairs if set(pair) <= FAMILY_FOLDERS] == []


def test_the_library_does_not_know_snakemake() -> None:
    imported = {other for path in MODULES.values() for other in imported_by(path)}

    assert "snakemake" not in {name.partition(".")[0] for name in imported}


def test_what_plans_waits_or_shows_never_loads_tensorflow() -> None:
    modules = [
        name
        for name in MODULES
        if folder_of(name) in WITHOUT_TENSORFLOW or name.endswith((".family", "worker.__main__"))
    ]
    scripts = [str(REPOSITORY / "scripts" / f"{name}.py") for name in SCRIPTS_WITHOUT_TENSORFLOW]
    program = f"""
import importlib, runpy, sys
for name in {modules}:
    importlib.import_module(name)
for path in {scripts}:
    runpy.run_path(path, run_name="script")
print({{"tensorflow", "keras"}} & set(sys.modules))
"""

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (run.stdout, run.stderr) == ("set()\n", "")
