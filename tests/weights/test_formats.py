"""A file is recognised by its content, and any other file is refused in one line."""

import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from filter_atlas.base.architecture import VGG16
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical, formats, vgg16_tensors
from filter_atlas.weights.vgg16_tensors import SHAPES, Tensors


@pytest.mark.parametrize("name", ["vgg16.h5", "vgg16.keras", "weights", "picture.png"])
def test_the_name_of_a_file_does_not_matter(
    canonical_file: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.symlink_to(canonical_file)

    assert weights_digest(formats.read_weights(path).values()) == IMAGENET_DIGEST


def test_the_canonical_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"
    source = NetworkSource(kind="function", name="mine:build", weights="own")
    canonical.save(path, source, VGG16, {"00000": np.zeros((3, 3, 3, 4), "<f4")})

    with pytest.raises(
        WeightsError, match=r"mine\.h5: block1_conv1/kernel is missing; give VGG16's"
    ):
        formats.read_weights(path)


def test_a_canonical_file_that_declares_an_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    vgg16_tensors.save({name: np.zeros(shape, "<f4") for name, shape in SHAPES.items()}, path)
    with h5py.File(path, "r+") as file:
        del file["weights/block1_conv1/kernel"]
        file.create_dataset("weights/block1_conv1/kernel", (3, 3, 3, 2**45), "<f4")

    with pytest.raises(WeightsError, match=f"has shape .*{2**45}"):
        formats.read_weights(path)


def test_an_altered_canonical_file_of_a_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    vgg16_tensors.save({name: np.zeros(shape, "<f4") for name, shape in SHAPES.items()}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="altered since it was saved"):
        formats.read_weights(path)


def test_values_that_are_not_finite_are_refused(imagenet_tensors: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    bias = imagenet_tensors["block3_conv1/bias"].copy()
    bias[5] = np.nan
    vgg16_tensors.save({**imagenet_tensors, "block3_conv1/bias": bias}, path)

    with pytest.raises(WeightsError, match=r"vgg16\.h5: block3_conv1/bias holds 1 values of 256"):
        formats.read_weights(path)


@pytest.mark.parametrize("kept", [0, 4, 8, 1_000, 20_000_000])
def test_a_truncated_hdf5_is_refused(canonical_file: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(canonical_file.read_bytes()[:kept])

    with pytest.raises(WeightsError, match=r"cut\.h5: (truncated|neither HDF5)") as caught:
        formats.read_weights(path)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [4, 1_000, -30])
def test_a_truncated_zip_is_refused(wheel_file: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.whl"
    path.write_bytes(wheel_file.read_bytes()[:kept])

    with pytest.raises(WeightsError, match=r"cut\.whl: truncated or damaged zip"):
        formats.read_weights(path)


def test_a_flipped_bit_in_a_zip_is_reported(wheel_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "flipped.whl"
    content = bytearray(wheel_file.read_bytes())
    content[30_000_000] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"flipped\.whl: truncated or damaged zip"):
        formats.read_weights(path)


def test_a_zip_without_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "none here")

    with pytest.raises(WeightsError, match=r"a zip of 1 members without model\.weights\.h5"):
        formats.read_weights(path)


@pytest.mark.parametrize("content", [b"", b"PNG", b"<html>403 Forbidden</html>"])
def test_any_other_file_is_refused_with_a_list_of_accepted_ones(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "what.h5"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"what\.h5: neither .*accepted are Keras files"):
        formats.read_weights(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be read \(Is a directory\)"):
        formats.read_weights(tmp_path)
