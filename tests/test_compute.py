"""The choice of the device, in fresh processes: TensorFlow takes it once."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def chosen() -> list[str]:
    """What comes of asking for the processor, then for a GPU that is not there."""
    program = (
        "from filter_atlas import compute, errors\n"
        "print(compute.select('cpu'))\n"
        "try: compute.select('gpu:3')\n"
        "except errors.FilterAtlasError as error: print(error)\n"
    )
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    return run.stdout.splitlines()


def test_the_processor_is_always_there_and_tells_its_model(chosen: list[str]) -> None:
    assert chosen[0].startswith("CPU (")
    assert len(chosen[0]) > len("CPU ()")


def test_a_gpu_that_is_not_there_is_refused_with_what_there_is(chosen: list[str]) -> None:
    assert chosen[1].startswith("device gpu:3: TensorFlow sees 0 GPU(s) here")
