"""What the tests of the weights share: files of the right shapes."""

from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from filter_atlas.weights.canonical import SHAPES


@pytest.fixture
def hollow_file(tmp_path: Path) -> Callable[..., Path]:
    """Makes a small file that declares VGG16's shapes, or others, and holds zeros."""

    def make(**shapes: tuple[int, ...] | None) -> Path:
        path = tmp_path / "hollow.h5"
        with h5py.File(path, "w") as file:
            for name, shape in {**SHAPES, **shapes}.items():
                if shape is not None:
                    file.create_dataset(name, shape=shape, dtype="<f4")
        return path

    return make
