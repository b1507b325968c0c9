"""Canonical files: equal content gives equal bytes, and damage is reported."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from filter_atlas.base import architecture
from filter_atlas.base.architecture import Architecture, Layer
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical, vgg16_tensors
from filter_atlas.weights.canonical import Header
from filter_atlas.weights.vgg16_tensors import Tensors

SOURCE = NetworkSource(kind="function", name="mine:build", weights="own")
MANY_LAYERS = Architecture("Mine", tuple(Layer(f"c{n}", "x" * 90, 3) for n in range(1_000)))
ARRAYS = {
    "second/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "first/bias": np.array([1.5, -2], np.float32),
    "count": np.array(7, np.int32),
}


def test_any_network_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"

    digest = canonical.save(path, SOURCE, MANY_LAYERS, ARRAYS, keras_config='{"é": 1}')
    header, arrays = canonical.load(path)

    assert header == Header(
        source=SOURCE,
        architecture=MANY_LAYERS,
        digest=weights_digest(ARRAYS.values()),
        names=("second/kernel", "first/bias", "count"),
        keras_config='{"é": 1}',
    )
    assert canonical.load_header(path) == header
    assert digest == header.digest
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_vgg16_is_loaded_as_it_was_saved(imagenet_tensors: Tensors, canonical_file: Path) -> None:
    header, arrays = canonical.load(canonical_file)

    assert header.source == NetworkSource.vgg16(IMAGENET_DIGEST)
    assert header.source.is_vgg16
    assert header.architecture == architecture.VGG16
    assert header.digest == IMAGENET_DIGEST
    assert list(arrays) == list(imagenet_tensors)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, imagenet_tensors[name])


def test_order_layout_and_byte_order_of_vgg16s_tensors_do_not_matter(tmp_path: Path) -> None:
    tensors = vgg16_tensors.random()
    shuffled = {
        name: np.asfortranarray(tensor).astype(">f4")
        for name, tensor in reversed(list(tensors.items()))
    }

    vgg16_tensors.save(tensors, tmp_path / "one.h5")
    vgg16_tensors.save(shuffled, tmp_path / "two.h5")

    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_equal_tensors_make_equal_files_in_any_process(
    imagenet_tensors: Tensors, canonical_file: Path, tmp_path: Path
) -> None:
    again, elsewhere = tmp_path / "again.h5", tmp_path / "elsewhere.h5"
    program = (
        "import sys; from pathlib import Path\n"
        "from filter_atlas.weights import canonical, vgg16_tensors\n"
        "vgg16_tensors.save(canonical.load(Path(sys.argv[1]))[1], Path(sys.argv[2]))"
    )

    vgg16_tensors.save(imagenet_tensors, again)
    subprocess.run([sys.executable, "-c", program, canonical_file, elsewhere], check=True)

    assert again.read_bytes() == canonical_file.read_bytes()
    assert elsewhere.read_bytes() == canonical_file.read_bytes()


def test_a_saved_file_contains_no_time(canonical_file: Path) -> None:
    times: list[int] = []
    with h5py.File(canonical_file) as file:
        file.visititems(lambda _, item: times.append(h5py.h5o.get_info(item.id).mtime))

    assert len(times) > 26
    assert set(times) == {0}


@pytest.mark.parametrize("kept", [0, 3, 100, 5_000, 1_000_000, -1])
def test_a_truncated_file_is_refused(canonical_file: Path, tmp_path: Path, kept: int) -> None:
    truncated = tmp_path / "vgg16.h5"
    truncated.write_bytes(canonical_file.read_bytes()[:kept])

    for load in (canonical.load, canonical.load_header):
        with pytest.raises(WeightsError, match=r"vgg16\.h5: truncated or damaged HDF5") as caught:
            load(truncated)
        assert "\n" not in str(caught.value)


def test_a_flipped_bit_is_reported(canonical_file: Path, tmp_path: Path) -> None:
    flipped = tmp_path / "vgg16.h5"
    with h5py.File(canonical_file) as file:
        offset = file["weights/block4_conv2/kernel"].id.get_offset() + 4_000_000
    content = bytearray(canonical_file.read_bytes())
    content[offset] ^= 1
    flipped.write_bytes(content)

    with pytest.raises(WeightsError, match="altered since it was saved"):
        canonical.load(flipped)


@pytest.mark.parametrize("text", [b"{}", b"", b"\xff", b'{"source": {}}'])
def test_an_invalid_header_is_reported_as_damage(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "mine.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("filter_atlas", data=np.bytes_(text or b" "))

    with pytest.raises(WeightsError, match=r"mine\.h5: truncated or damaged HDF5") as caught:
        canonical.load(path)

    assert "\n" not in str(caught.value)


def test_a_missing_array_is_reported_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"
    canonical.save(path, SOURCE, MANY_LAYERS, ARRAYS)
    with h5py.File(path, "r+") as file:
        del file["weights/first/bias"]

    with pytest.raises(WeightsError, match=r"damaged HDF5 .*weights/first/bias"):
        canonical.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.h5: no such file; run again"):
        canonical.load(tmp_path / "absent.h5")


def test_a_file_of_another_program_is_refused(hollow_file: Callable[..., Path]) -> None:
    with pytest.raises(WeightsError, match="not a canonical weights file"):
        canonical.load(hollow_file())
