"""The packaged classifiers know real photographs, and only their own wheels are accepted."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.readers import torch_file, zip_archive
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from torch_files import Call, Named, of_arrays, opcodes
from torch_files import torch_file as written

NAME = "efficientnet_lite0"
MEMBER = PACKAGED_NETWORKS[NAME].member

Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="session")
def tensors(lite0_wheel: Path) -> Tensors:
    """The tensors in the wheel."""
    return torch_file.read_tensors(zip_archive.read_member(lite0_wheel, MEMBER, "it"), "it")


@pytest.mark.parametrize(
    ("name", "wheel", "size", "right"),
    [(NAME, "lite0_wheel", 224, 17), ("efficientnet_lite1", "lite1_wheel", 240, 19)],
)
def test_most_of_20_photographs_are_classified_correctly(
    name: str,
    wheel: str,
    size: int,
    right: int,
    labelled_photographs: list[tuple[Image.Image, int]],
    request: pytest.FixtureRequest,
) -> None:
    path: Path = request.getfixturevalue(wheel)
    classifier = load_classifier(Classes(network=name, classes=("sea snake",)), path.parent)
    scaled = [
        np.asarray(photograph.resize((size, size), Image.Resampling.BICUBIC), np.float32)
        for photograph, _ in labelled_photographs
    ]

    found = classifier.probabilities(np.stack(scaled)[..., ::-1]).numpy().argmax(axis=1)

    assert len(found) == 20
    assert sum(found == [label for _, label in labelled_photographs]) >= right
    assert (classifier.name, classifier.size, classifier.label(65)) == (name, size, "sea snake")


def _without_top(tensors: Tensors) -> Tensors:
    return {name: array for name, array in tensors.items() if not name.startswith("_fc")}


def _transposed(tensors: Tensors) -> Tensors:
    return {**tensors, "_conv_stem.weight": tensors["_conv_stem.weight"].transpose(3, 1, 2, 0)}


def _infinite(tensors: Tensors) -> Tensors:
    return {**tensors, "_fc.bias": tensors["_fc.bias"] * np.float32(np.inf)}


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (_without_top, r"has no tensor '_fc\.weight'; give the wheel as it was published"),
        (_transposed, "_conv_stem does not fit stem_conv; give the wheel"),
        (_infinite, "some of its parameters are NaN or infinite"),
    ],
)
def test_a_wheel_with_other_tensors_is_refused(
    alter: Callable[[Tensors], Tensors], reason: str, tensors: Tensors, tmp_path: Path
) -> None:
    with pytest.raises(ClassifierError, match=rf"other\.whl.*: {reason}"):
        _load(tmp_path, of_arrays(alter(tensors)))


def test_a_wheel_whose_file_calls_a_function_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    call = opcodes({"x": Call(Named("os mkdir"), (str(tmp_path / "ran"),))})

    with pytest.raises(ClassifierError, match=r"other\.whl:.*\.pth: needs 'os mkdir'; give the"):
        _load(tmp_path, written(call, {}))

    assert not (tmp_path / "ran").exists()


def test_a_truncated_or_altered_wheel_is_refused(lite0_wheel: Path, tmp_path: Path) -> None:
    content = bytearray(lite0_wheel.read_bytes())
    content[len(content) // 2] ^= 1
    for damaged in (content, content[: len(content) // 2]):
        (tmp_path / "other.whl").write_bytes(damaged)
        with pytest.raises(ClassifierError, match=r"other\.whl: (truncated|not a classifier)"):
            load_classifier(_settings(tmp_path), tmp_path)


def _settings(folder: Path) -> Classes:
    return Classes.model_validate({"network": str(folder / "other.whl"), "classes": [0]})


def _load(folder: Path, member: bytes) -> None:
    """Load a classifier from a wheel with this file."""
    with zipfile.ZipFile(folder / "other.whl", "w") as wheel:
        wheel.writestr(MEMBER, member)
    load_classifier(_settings(folder), folder)
