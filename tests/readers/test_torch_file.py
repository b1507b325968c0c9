"""PyTorch's files are read without running anything, whatever they hold."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.base.errors import WeightsError
from filter_atlas.readers import torch_file
from filter_atlas.readers.torch_file import read_tensors
from torch_files import Call, Named, of_arrays, opcodes, pickled, storage, tensor
from torch_files import torch_file as written

MAPPING = "collections OrderedDict"

VALUES = np.arange(24, dtype="<f4")
STORED = storage("0", VALUES)


def _read(tensors: Any, **changes: Any) -> dict[str, np.ndarray]:
    return read_tensors(written(tensors, {"0": VALUES}, **changes), "it")


def test_values_are_read_in_the_order_of_their_strides() -> None:
    kernel = np.random.default_rng(0).standard_normal((4, 3, 2, 2)).astype("<f4")
    arrays = {
        "contiguous": kernel,
        "permuted": kernel.transpose(3, 2, 0, 1),
        "count": np.array(7, "<i8"),
    }

    found = read_tensors(of_arrays(arrays), "it")

    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].flags.c_contiguous
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found[name], array)


def test_tensors_can_share_a_storage_and_begin_within_it() -> None:
    found = _read(
        {"even": tensor(STORED, 0, (12,), (2,)), "end": tensor(STORED, 22, (2, 1), (1, 9))}
    )

    np.testing.assert_array_equal(found["even"], VALUES[::2])
    np.testing.assert_array_equal(found["end"], VALUES[22:, np.newaxis])


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (opcodes(Call(Named("os system"), ("touch ran",))), "needs 'os system'"),
        (opcodes({"x": Call(Named("builtins eval"), ("1",))}), "needs 'builtins eval'"),
        (opcodes({"x": Named("numpy.core.multiarray scalar")}), "needs 'numpy.core.multiarray sc"),
        (opcodes({"x": Named("torch HalfStorage")}), "needs 'torch HalfStorage'"),
        (b"(S'touch ran'\nios\nsystem\n", "holds the opcode STRING"),
        (b"(ios\nsystem\n", "holds the opcode INST"),
        (b"X\x02\0\0\0osX\x06\0\0\0system\x93", "holds the opcode STACK_GLOBAL"),
        (b"\x82\x01", "holds the opcode EXT1"),
        (opcodes(Named(MAPPING)) + b")\x81", "holds the opcode NEWOBJ"),
        (opcodes({"epoch": 3}), "'epoch' is not a tensor"),
        (opcodes({"optimizer": {"state": {}}}), "'optimizer' is not a tensor"),
        (opcodes(Call(Named("torch FloatStorage"), (10,))), "a call of torch FloatStorage"),
    ],
)
def test_anything_but_tensors_is_refused_by_name_and_nothing_runs(
    hostile: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(WeightsError, match=reason):
        _read(hostile)

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "tensors",
    [
        {"x": tensor(STORED, 0, (25,), (1,))},
        {"x": tensor(STORED, 1, (24,), (1,))},
        {"x": tensor(STORED, 0, (2, 2), (1, 23))},
        {"x": tensor(STORED, 0, (2,), (-1,))},
        {"x": tensor(STORED, -1, (2,), (1,))},
        {"x": tensor(STORED, 0, (0, 2**62, 2**62), (1, 1, 1))},
        {"x": tensor(STORED, 0, (-(2**70), 2), (1, 1))},
        {"x": tensor(STORED, 0, (2,), (1, 1))},
        {"x": tensor(STORED, 0, (1,) * 70, (1,) * 70)},
        {"x": tensor(STORED, 2**600, (2,), (2**600,))},
        {"x": tensor(STORED, True, (2,), (1,))},
        {"x": tensor(STORED, 0, [2], [1])},
        {"x": tensor(storage("0", VALUES, size=23), 0, (2,), (1,))},
        {"x": tensor(storage("0", VALUES, size=2**600), 0, (2,), (1,))},
        {"x": tensor(storage("0", VALUES, view=("0", 0, 2)), 0, (2,), (1,))},
        {"x": tensor(storage("absent", VALUES), 0, (2,), (1,))},
        {"x": tensor("0", 0, (2,), (1,))},
        opcodes({}) + opcodes(tensor(STORED, 0, (2,), (1,))) + b"\x85" * 100_000 + b"Ns",
        b"N" * 1_000_001,
        b"h\x07",
        b"t",
        b"\x87",
        b"0.",
        b"",
    ],
)
def test_a_tensor_outside_its_storage_or_a_broken_pickle_is_refused(tensors: Any) -> None:
    with pytest.raises(WeightsError, match=r"it: (truncated or damaged file of PyTorch|holds the)"):
        _read(tensors)


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"x": tensor(STORED, 0, (2**40,), (0,))}, "declares far more values than it holds"),
        (
            {str(n): tensor(STORED, 0, (2**20,), (0,)) for n in range(100)},
            "declares far more values than it holds",
        ),
    ],
)
def test_a_small_file_cannot_take_much_memory(tensors: Any, reason: str) -> None:
    with pytest.raises(WeightsError, match=reason):
        _read(tensors)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 the format since PyTorch 1.6",
        torch_file.SIGNATURE,
        written({}, {}, machine={"little_endian": False}),
        written({}, {}, machine=7),
        written({}, {}, keys=[("0",)]),
        written({}, {}) + b"more",
    ],
)
def test_another_format_or_machine_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match=r"it: (not PyTorch's format|truncated or damaged)"):
        read_tensors(content, "it")


SMALL = of_arrays({"a": VALUES.reshape(2, 3, 4).transpose(2, 0, 1), "b": VALUES[:2]})


def _is_harmless(content: bytes) -> None:
    """A file is read, or refused by the reader's own error."""
    with suppress(WeightsError):
        read_tensors(content, "it")


def test_damage_anywhere_is_refused_or_changes_values_only() -> None:
    for place in range(len(SMALL)):
        with pytest.raises(WeightsError):
            read_tensors(SMALL[:place], "it")
        for bit in range(8):
            flipped = bytearray(SMALL)
            flipped[place] ^= 1 << bit
            _is_harmless(bytes(flipped))


WHOLE: list[Any] = ["a", 0, -1, 2**40, True, None, (), {}, [], STORED, Named(MAPPING)]
"""Values that a hostile pickle is made of, beside single opcodes of any kind."""


@given(st.lists(st.sampled_from(WHOLE).map(opcodes) | st.binary(max_size=3), max_size=30))
def test_whatever_opcodes_a_pickle_has_it_is_read_or_refused(parts: list[bytes]) -> None:
    _is_harmless(written(b"".join(parts), {"0": VALUES}))
    _is_harmless(torch_file.SIGNATURE + pickled(*parts))
