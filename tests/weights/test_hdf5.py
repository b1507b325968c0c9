"""HDF5 files by strangers: nothing points out of them, nothing absurd is read."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from filter_atlas.errors import WeightsError
from filter_atlas.weights import formats, hdf5


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
def test_what_points_elsewhere_is_refused(
    point_elsewhere: Callable[[h5py.File], None], tmp_path: Path
) -> None:
    path = tmp_path / "stranger.h5"
    with h5py.File(path, "w") as file:
        point_elsewhere(file)

    with pytest.raises(WeightsError, match=r"stranger\.h5: .* points out of the file"):
        formats.read(path)


def test_groups_in_a_ring_do_not_trap_the_walk(tmp_path: Path) -> None:
    path = tmp_path / "ring.h5"
    with h5py.File(path, "w") as file:
        file["a/b/values"] = np.zeros(3, np.float32)
        file["a/b/up"] = file["a"]

    with hdf5.opened(path, "ring.h5") as file:
        assert list(hdf5.datasets(file, "ring.h5")) == ["a/b/values"]


def test_an_absurd_declared_size_is_refused_before_it_is_read(
    hollow_file: Callable[..., Path],
) -> None:
    path = hollow_file(**{"block1_conv1/kernel": (3, 3, 3, 2**45)})
    tracemalloc.start()

    with pytest.raises(WeightsError, match=f"has shape .*{2**45}"):
        formats.read(path)

    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


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


def test_damage_that_shows_late_is_still_told_in_one_line(
    hollow_file: Callable[..., Path],
) -> None:
    path = hollow_file()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"SNOD", b"SNOT"))

    with pytest.raises(WeightsError, match="truncated or damaged HDF5") as refusal:
        formats.read(path)

    assert "\n" not in str(refusal.value)
