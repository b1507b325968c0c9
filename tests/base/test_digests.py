"""A digest changes if and only if the digested values change."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.base import digests

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_a_value_is_digested_as_canonical_json() -> None:
    canonical = b'{"a":[1,2.5,null],"b":"\\u00e9"}'

    digest = digests.value_digest({"b": "é", "a": [1, 2.5, None]})

    assert digest == hashlib.sha256(canonical).hexdigest()


@given(value=st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))

    assert digests.value_digest(backwards) == digests.value_digest(value)


def test_the_order_of_a_list_matters() -> None:
    assert digests.value_digest([1, 2]) != digests.value_digest([2, 1])


def test_weights_are_digested_as_little_endian_float32() -> None:
    arrays = [np.array([1, 2], np.float64), np.array([[3]], ">f4")]

    digest = digests.weights_digest(arrays)

    assert digest == hashlib.sha256(np.array([1, 2, 3], "<f4").tobytes()).hexdigest()


def test_a_file_is_digested_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")

    assert digests.file_digest(tmp_path / "file") == digests.bytes_digest(b"bytes")
    assert digests.file_digest(tmp_path / "file", "md5") == hashlib.md5(b"bytes").hexdigest()


def test_a_misspelt_root_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"filter_atlas\.drawing: no such module"):
        digests.code_digest("filter_atlas.drawing")
    with pytest.raises(FileNotFoundError, match=r"drawfilter\.py"):
        digests.code_digest(Path("scripts/drawfilter.py"))
