"""Digests change with what they name, and with nothing else."""

import hashlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas import digests

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources, of which digests are taken."""
    copy = tmp_path / "filter_atlas"
    ignored = shutil.ignore_patterns("__pycache__", "weights", "worker")
    shutil.copytree(digests.PACKAGE, copy, ignore=ignored)
    monkeypatch.setattr(digests, "PACKAGE", copy)
    return copy


def test_a_value_is_digested_as_canonical_json() -> None:
    canonical = b'{"a":[1,2.5,null],"b":"\\u00e9"}'

    assert (
        digests.of_value({"b": "é", "a": [1, 2.5, None]}) == hashlib.sha256(canonical).hexdigest()
    )


@given(value=st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))

    assert digests.of_value(backwards) == digests.of_value(value)


def test_the_order_of_a_list_matters() -> None:
    assert digests.of_value([1, 2]) != digests.of_value([2, 1])


def test_code_is_digested_the_same_twice() -> None:
    modules = ["ascent.py", "atlas"]

    assert digests.of_code(modules) == digests.of_code(modules)


def test_the_digest_of_code_does_not_depend_on_where_it_is_installed(package: Path) -> None:
    elsewhere = digests.of_code(["ascent.py", "atlas"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "PACKAGE", Path(digests.__file__).parent)
        assert digests.of_code(["ascent.py", "atlas"]) == elsewhere


@pytest.mark.parametrize("changed", ["ascent.py", "atlas/pages.py", "atlas/assets/atlas.css"])
def test_the_digest_of_code_sees_a_change_in_any_file(package: Path, changed: str) -> None:
    before = digests.of_code(["ascent.py", "atlas"])

    with (package / changed).open("a") as file:
        file.write("\n")

    assert digests.of_code(["ascent.py", "atlas"]) != before


def test_the_digest_of_code_sees_a_new_file_and_a_renamed_one(package: Path) -> None:
    before = digests.of_code(["atlas"])

    (package / "atlas" / "new.py").touch()
    added = digests.of_code(["atlas"])
    (package / "atlas" / "new.py").rename(package / "atlas" / "newer.py")
    renamed = digests.of_code(["atlas"])

    assert len({before, added, renamed}) == 3


def test_the_digest_of_code_does_not_see_other_modules(package: Path) -> None:
    before = digests.of_code(["ascent.py", "atlas"])

    (package / "devices.py").write_text("")

    assert digests.of_code(["ascent.py", "atlas"]) == before


def test_the_digest_of_code_does_not_see_compiled_files(package: Path) -> None:
    before = digests.of_code(["atlas"])

    cache = package / "atlas" / "__pycache__"
    cache.mkdir()
    (cache / "pages.cpython-311.pyc").write_bytes(b"compiled")

    assert digests.of_code(["atlas"]) == before


def test_a_misspelt_module_is_an_error_and_no_digest() -> None:
    with pytest.raises(FileNotFoundError, match=r"ascend\.py"):
        digests.of_code(["ascend.py"])
