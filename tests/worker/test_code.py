"""Which code each kind of task depends on."""

import shutil
from pathlib import Path

import pytest

from filter_atlas.base.digests import code_digest
from filter_atlas.base.imports import PACKAGE
from filter_atlas.worker.task import DRAWING, MEASURING, WORKER

ROOTS = {"drawing": DRAWING, "measuring": MEASURING, "worker": WORKER}

NEW_MEASURE = """    Measure(
        name="contrast",
        type="number",
        meaning="standard deviation of the values, as a share of their range",
        from_picture=lambda response: float(response.pixels.std() / 255),
    ),
"""
LAST_MEASURE = '    Measure(\n        name="certificate",'


def digests_after(folder: Path, module: str, old: str, new: str) -> set[str]:
    """The roots whose digests change when a module of a copy of the package is edited."""
    copy = folder / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = copy / module
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    return {
        name for name, root in ROOTS.items() if code_digest(root) != code_digest(root, package=copy)
    }


def test_a_new_measure_makes_measures_stale_and_no_picture(tmp_path: Path) -> None:
    changed = digests_after(
        tmp_path, "measure/measures.py", LAST_MEASURE, NEW_MEASURE + LAST_MEASURE
    )

    assert changed == {"measuring", "worker"}


@pytest.mark.parametrize(
    ("module", "old", "new", "expected"),
    [
        ("measure/responses.py", "SHIFT = 4", "SHIFT = 5", {"measuring", "worker"}),
        ("optimize/optimisers.py", "1e-8", "1e-7", {"drawing", "worker"}),
        (
            "networks/vgg16.py",
            "return 1 <<",
            "return 2 <<",
            {"drawing", "measuring", "worker"},
        ),
        ("worker/engine.py", "count == 1", "count < 2", {"worker"}),
        ("measure/table.py", '"all layers"', '"every layer"', set()),
    ],
)
def test_a_change_makes_stale_what_depends_on_it(
    tmp_path: Path, module: str, old: str, new: str, expected: set[str]
) -> None:
    assert digests_after(tmp_path, module, old, new) == expected
