"""The imports of a module are read from its source."""

from pathlib import Path

import pytest

from filter_atlas.base import imports

SOURCES = {
    "__init__.py": "",
    "a.py": "from package import b\nfrom package.inner.c import number",
    "b.py": "import json, os.path",
    "inner/__init__.py": "",
    "inner/c.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import package.d",
    "inner/d.py": "def late():\n    from . import c\n    from ..b import json",
    "d.py": "if True:\n    import package.d",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of a few modules."""
    for name, source in SOURCES.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return tmp_path / "package"


def test_modules_have_full_names(package: Path) -> None:
    assert imports.modules(package) == {
        "package": package / "__init__.py",
        "package.a": package / "a.py",
        "package.b": package / "b.py",
        "package.d": package / "d.py",
        "package.inner": package / "inner/__init__.py",
        "package.inner.c": package / "inner/c.py",
        "package.inner.d": package / "inner/d.py",
    }


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("a.py", {"package", "package.b", "package.inner.c"}),
        ("b.py", {"json", "os.path"}),
        ("inner/c.py", {"typing"}),
        ("inner/d.py", {"package.inner", "package.inner.c", "package.b"}),
    ],
    ids=["modules and names", "several", "for type checkers", "relative, in a function"],
)
def test_imports_are_read_in_every_form(package: Path, module: str, imported: set[str]) -> None:
    assert imports.imported_by(package / module, package) == imported


@pytest.mark.parametrize(
    ("root", "names"),
    [
        ("a.py", ["package", "package.a", "package.b", "package.inner", "package.inner.c"]),
        ("inner/c.py", ["package", "package.inner", "package.inner.c"]),
        ("d.py", ["package", "package.d"]),
    ],
)
def test_a_closure_contains_the_module_its_imports_and_the_packages_around_them(
    package: Path, root: str, names: list[str]
) -> None:
    assert list(imports.closure(package / root, package)) == names


def test_a_script_outside_the_package_has_a_closure_of_modules(package: Path) -> None:
    script = package.parent / "script.py"
    script.write_text("import package.b")

    assert list(imports.closure(script, package)) == ["package", "package.b"]
