"""TensorFlow is loaded where pictures are computed and nowhere else; imports go one way."""

import subprocess
import sys
from graphlib import TopologicalSorter
from itertools import permutations

import pytest

from diagrams import BESIDE, GROUPS, MODULES, group_of, imported_by

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
    "filter_atlas.models.__main__",
    "filter_atlas.models.build",
    "filter_atlas.models.graph",
    "filter_atlas.models.network",
    "filter_atlas.models.obtain",
    "filter_atlas.network",
    "filter_atlas.networks",
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
        assert ({"tensorflow", "keras"} | COMPUTING) & imported_by(name)


def test_imports_have_no_cycle() -> None:
    graph = {name: imported_by(name) & MODULES.keys() for name in MODULES}

    order = list(TopologicalSorter(graph).static_order())

    assert set(order) == MODULES.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_its_own_group_and_from_earlier_ones_only(module: str) -> None:
    place = list(GROUPS).index

    later = {
        other
        for other in imported_by(module) & MODULES.keys()
        if place(group_of(other)) > place(group_of(module))
    }

    assert not later, "this is against the one direction of docs/architecture.md"


@pytest.mark.parametrize(("group", "other"), list(permutations(BESIDE, 2)))
def test_groups_that_stand_beside_each_other_do_not_import_from_each_other(
    group: str, other: str
) -> None:
    imported = {
        one
        for module in MODULES
        if group_of(module) == group
        for one in imported_by(module) & MODULES.keys()
    }

    assert other not in map(group_of, imported)


def test_the_groups_follow_the_data_but_that_the_plan_knows_the_weights() -> None:
    stages = ["config", "weights", "plan", "network", "ascent", "record", "atlas"]

    assert [group for group in GROUPS if group in stages] == stages


def test_the_library_does_not_know_snakemake() -> None:
    imported = {other for name in MODULES for other in imported_by(name)}

    assert "snakemake" not in {name.partition(".")[0] for name in imported}
