"""The canonical form: one digest, one file, and no silent damage."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from filter_atlas.errors import WeightsError
from filter_atlas.weights import canonical
from filter_atlas.weights.canonical import IMAGENET_DIGEST, SHAPES, Tensors


@pytest.fixture
def zeros() -> Tensors:
    """Tensors of VGG16's shapes."""
    return {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}


def test_there_are_26_tensors_in_network_order_kernel_before_bias() -> None:
    names = list(SHAPES)

    assert len(names) == 26
    assert names[:3] == ["block1_conv1/kernel", "block1_conv1/bias", "block1_conv2/kernel"]
    assert names[-1] == "block5_conv3/bias"


def test_the_weights_of_the_wheel_have_the_digest_of_imagenet(imagenet_tensors: Tensors) -> None:
    assert canonical.digest(imagenet_tensors) == IMAGENET_DIGEST


# Printed by strangers who had loaded the official Keras file, in public repositories.
PRINTED = [
    ("block1_conv1/kernel", (0, 0, 0, 0), 4.29470569e-01),
    ("block1_conv1/kernel", (0, 0, 0, 63), 7.57738389e-03),
    ("block1_conv1/kernel", (0, 0, 1, 1), 2.08774377e-02),
    ("block1_conv1/kernel", (0, 0, 2, 0), 4.80015397e-01),
    ("block1_conv1/kernel", (0, 1, 0, 0), 0.373467),
    ("block1_conv1/kernel", (2, 2, 0, 0), -0.35009676),
    ("block1_conv1/bias", (0,), 0.73429835),
    ("block1_conv1/bias", (25,), 0.7446502),
    ("block1_conv2/kernel", (2, 2, 63, 63), 0.016082443),
    ("block2_conv1/bias", (1,), 0.06440781),
    ("block5_conv1/kernel", (1, 0, 63, 269), -0.011236359),
    ("block5_conv2/bias", (510,), 0.23517226),
    ("block5_conv3/kernel", (0, 2, 0, 400), -0.008714244),
]


@pytest.mark.parametrize(("name", "place", "printed"), PRINTED)
def test_the_weights_have_the_values_that_others_printed(
    imagenet_tensors: Tensors, name: str, place: tuple[int, ...], printed: float
) -> None:
    assert imagenet_tensors[name][place] == np.float32(printed)


def test_the_digest_does_not_depend_on_order_layout_or_byte_order(zeros: Tensors) -> None:
    zeros["block2_conv1/bias"][3] = 1.5
    shuffled = {
        name: np.asfortranarray(tensor).astype(">f4")
        for name, tensor in reversed(list(zeros.items()))
    }

    assert canonical.digest(shuffled) == canonical.digest(zeros)


def test_the_digest_sees_a_single_value(zeros: Tensors) -> None:
    before = canonical.digest(zeros)

    zeros["block5_conv3/bias"][511] = 1e-30

    assert canonical.digest(zeros) != before


def test_a_saved_file_loads_as_the_same_tensors(
    imagenet_tensors: Tensors, canonical_file: Path
) -> None:
    tensors, digest = canonical.load(canonical_file)

    assert digest == IMAGENET_DIGEST
    assert list(tensors) == list(SHAPES)
    for name in SHAPES:
        np.testing.assert_array_equal(tensors[name], imagenet_tensors[name])


def test_equal_tensors_make_equal_files_in_any_process(
    imagenet_tensors: Tensors, canonical_file: Path, tmp_path: Path
) -> None:
    again, elsewhere = tmp_path / "again.h5", tmp_path / "elsewhere.h5"
    program = (
        "import sys; from pathlib import Path; from filter_atlas.weights import canonical; "
        "canonical.save(canonical.load(Path(sys.argv[1]))[0], Path(sys.argv[2]))"
    )

    canonical.save(imagenet_tensors, again)
    subprocess.run([sys.executable, "-c", program, canonical_file, elsewhere], check=True)

    assert again.read_bytes() == canonical_file.read_bytes()
    assert elsewhere.read_bytes() == canonical_file.read_bytes()


def test_a_saved_file_holds_no_time_stamp(canonical_file: Path) -> None:
    with h5py.File(canonical_file) as file:
        times = [h5py.h5o.get_info(file[name].id).mtime for name in SHAPES]

    assert set(times) == {0}


@pytest.mark.parametrize("kept", [0, 3, 100, 5_000, 1_000_000, -1])
def test_a_truncated_file_is_refused(canonical_file: Path, tmp_path: Path, kept: int) -> None:
    truncated = tmp_path / "vgg16.h5"
    truncated.write_bytes(canonical_file.read_bytes()[:kept])

    with pytest.raises(WeightsError, match=r"vgg16\.h5: truncated or damaged HDF5"):
        canonical.load(truncated)


def test_a_flipped_bit_is_noticed(canonical_file: Path, tmp_path: Path) -> None:
    flipped = tmp_path / "vgg16.h5"
    with h5py.File(canonical_file) as file:
        place = file["block4_conv2/kernel"].id.get_offset() + 4_000_000
    content = bytearray(canonical_file.read_bytes())
    content[place] ^= 1
    flipped.write_bytes(content)

    with pytest.raises(WeightsError, match="altered since it was saved"):
        canonical.load(flipped)


def test_a_missing_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.h5: no such file; run again"):
        canonical.load(tmp_path / "absent.h5")


def test_a_file_that_is_not_ours_is_refused(hollow_file: Callable[..., Path]) -> None:
    with pytest.raises(WeightsError, match="not a canonical weights file"):
        canonical.load(hollow_file())


def test_a_missing_tensor_is_named(zeros: Tensors) -> None:
    del zeros["block3_conv2/bias"]

    with pytest.raises(WeightsError, match=r"mine\.h5: block3_conv2/bias is missing; give"):
        canonical.check(zeros, "mine.h5")


def test_a_misshaped_tensor_is_named_with_both_shapes(zeros: Tensors) -> None:
    zeros["block1_conv1/kernel"] = np.zeros((3, 3, 1, 64), np.float32)

    with pytest.raises(WeightsError, match=r"shape \(3, 3, 1, 64\), expected \(3, 3, 3, 64\)"):
        canonical.check(zeros, "mine.h5")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted(zeros: Tensors, value: float) -> None:
    zeros["block2_conv2/bias"][[3, 7]] = value

    with pytest.raises(WeightsError, match="block2_conv2/bias holds 2 values of 128 that are not"):
        canonical.check(zeros, "mine.h5")
