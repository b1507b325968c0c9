"""HDF5 files from unknown authors: no pointer is followed, and no absurd size is read."""

import errno
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from filter_atlas.base.errors import WeightsError
from filter_atlas.readers import hdf5
from filter_atlas.weights import formats


def _external_link(file: h5py.File) -> None:
    file["block1_conv1/kernel"] = h5py.ExternalLink("other.h5", "/kernel")


def _soft_link(file: h5py.File) -> None:
    file["deep/er/link"] = h5py.SoftLink("/block1_conv2/kernel")


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("passwords", (8,), "<f4", external=[("/etc/passwd", 0, 32)])


def _virtual_dataset(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "<f4")
    layout[:] = h5py.VirtualSource("other.h5", "kernel", (8,))
    file.create_virtual_dataset("virtual", layout)


@pytest.mark.parametrize(
    "point_elsewhere", [_external_link, _soft_link, _external_storage, _virtual_dataset]
)
def test_a_pointer_to_other_data_is_refused(
    point_elsewhere: Callable[[h5py.File], None], tmp_path: Path
) -> None:
    path = tmp_path / "pointing.h5"
    with h5py.File(path, "w") as file:
        point_elsewhere(file)

    with pytest.raises(WeightsError, match=r"pointing\.h5: .* points out of the file"):
        formats.read_weights(path)


def test_groups_that_contain_each_other_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "cycle.h5"
    with h5py.File(path, "w") as file:
        file["a/b/values"] = np.zeros(3, np.float32)
        file["a/b/up"] = file["a"]

    with hdf5.opened(path, "cycle.h5") as file:
        assert list(hdf5.datasets(file, "cycle.h5")) == ["a/b/values"]


def test_an_absurd_declared_size_is_refused_before_it_is_read(
    hollow_file: Callable[..., Path],
) -> None:
    path = hollow_file(**{"block1_conv1/kernel": (3, 3, 3, 2**45)})
    tracemalloc.start()

    with pytest.raises(WeightsError, match=f"has shape .*{2**45}"):
        formats.read_weights(path)

    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_dataset_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("huge", (2**30,), "<f4")

    with (
        pytest.raises(WeightsError, match=r"huge\.h5: /huge declares 4294967296 bytes, more than"),
        hdf5.opened(path, "huge.h5") as file,
    ):
        hdf5.values(file["huge"], "huge.h5")


def test_texts_in_the_place_of_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "texts.h5"
    with h5py.File(path, "w") as file:
        file["texts"] = ["a", "long text"]

    with (
        pytest.raises(WeightsError, match=r"texts\.h5: /texts holds object, not numbers"),
        hdf5.opened(path, "texts.h5") as file,
    ):
        hdf5.check_expansion(file, [file["texts"]], "texts.h5")


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("how", [{}, {"chunks": (2**16,), "compression": "gzip"}])
def test_values_that_would_expand_without_measure_are_refused(
    tmp_path: Path, how: dict[str, Any], in_memory: bool
) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("zeros", (2**24 + 1,), "<f4", **how)

    with (
        pytest.raises(WeightsError, match=r"bomb\.h5: declares 67108868 bytes .* a file of \d+"),
        hdf5.opened(io.BytesIO(path.read_bytes()) if in_memory else path, "bomb.h5") as file,
    ):
        hdf5.check_expansion(file, [file["zeros"]], "bomb.h5")


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize(
    "free_space",
    [0, 2**64 - 8, 2**40],
    ids=["no size", "points backwards", "points out of the file"],
)
def test_a_heap_on_which_the_library_would_hang_is_refused(
    tmp_path: Path, free_space: int, in_memory: bool
) -> None:
    path = tmp_path / "endless.h5"
    with h5py.File(path, "w") as file:
        file.attrs["text"] = "twelve bytes"
    content = bytearray(path.read_bytes())
    # The free space follows the header, the header of the text, and the text in 16 bytes.
    free = content.index(b"GCOL") + 48
    assert content[free : free + 2] == bytes(2)
    content[free + 8 : free + 16] = free_space.to_bytes(8, "little")
    path.write_bytes(content)

    with (
        pytest.raises(WeightsError, match=r"damaged HDF5 \(an endless heap at byte \d+\)"),
        hdf5.opened(io.BytesIO(content) if in_memory else path, "endless.h5"),
    ):
        pass


def test_attributes_with_text_of_any_length_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "texts.h5"
    with h5py.File(path, "w") as file:
        for length in range(70):
            file.attrs[f"text {length}"] = "x" * length

    with hdf5.opened(path, "texts.h5") as file:
        assert [len(file.attrs[f"text {length}"]) for length in range(70)] == list(range(70))


def _list_of_unknown_length(file: h5py.File) -> None:
    lists = np.empty(1, object)
    lists[0] = np.zeros(2, np.float32)
    file.attrs.create("list", lists, dtype=h5py.vlen_dtype(np.float32))


def _reference(file: h5py.File) -> None:
    file.attrs["reference"] = file.ref


def _absurdly_long(file: h5py.File) -> None:
    file.create_dataset("values", (3,), "<f4").attrs["long"] = np.zeros(8_000, np.float64)


@pytest.mark.parametrize("write", [_list_of_unknown_length, _reference, _absurdly_long])
def test_attributes_that_hold_more_than_numbers_and_text_are_refused(
    write: Callable[[h5py.File], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdf5, "_LARGEST_ATTRIBUTE", 63_999)
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        write(file)

    with (
        pytest.raises(WeightsError, match=r"damaged HDF5 \(the attribute '\w+' of /"),
        hdf5.opened(path, "odd.h5") as file,
    ):
        hdf5.datasets(file, "odd.h5")


def test_attributes_of_numbers_and_text_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "ordinary.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("group")
        for value in ("text", b"bytes", 1, 2.5, True, np.zeros(3), [], ["a", "b"]):
            group.attrs[str(value)] = value
        group.attrs["none"] = h5py.Empty("f4")

    with hdf5.opened(path, "ordinary.h5") as file:
        assert hdf5.datasets(file, "ordinary.h5") == {}


def test_numbers_that_are_not_floating_point_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "integers.h5"
    with h5py.File(path, "w") as file:
        file["counts"] = np.arange(3)

    with (
        pytest.raises(WeightsError, match=r"/counts holds int64, not floating-point"),
        hdf5.opened(path, "integers.h5") as file,
    ):
        hdf5.values(file["counts"], "integers.h5")


@pytest.mark.parametrize("precision", ["<f2", ">f4", "<f8"])
def test_other_precisions_become_float32(tmp_path: Path, precision: str) -> None:
    path = tmp_path / "numbers.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = np.array([0.5, -2], precision)

    with hdf5.opened(path, "numbers.h5") as file:
        read = hdf5.values(file["numbers"], "numbers.h5")

    assert read.dtype == np.float32
    assert read.tolist() == [0.5, -2]


def test_damage_that_is_found_while_reading_is_reported_in_one_line(
    hollow_file: Callable[..., Path],
) -> None:
    path = hollow_file()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"SNOD", b"SNOT"))

    with pytest.raises(WeightsError, match="truncated or damaged HDF5") as caught:
        formats.read_weights(path)

    assert "\n" not in str(caught.value)


def test_a_lack_of_memory_is_not_reported_as_damage(
    hollow_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    path = hollow_file()
    monkeypatch.setattr(h5py, "File", lack)

    with pytest.raises(MemoryError, match=r"hollow\.h5"):
        formats.read_weights(path)
