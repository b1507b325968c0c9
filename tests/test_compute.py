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
    return run(program).splitlines()


def test_the_processor_is_always_there_and_tells_its_model(chosen: list[str]) -> None:
    assert chosen[0].startswith("CPU (")
    assert len(chosen[0]) > len("CPU ()")


def test_a_gpu_that_is_not_there_is_refused_with_what_there_is(chosen: list[str]) -> None:
    assert chosen[1].startswith("device gpu:3: TensorFlow sees 0 GPU(s) here")


TWO_GPUS = """
import tensorflow as tf
from types import SimpleNamespace
from filter_atlas import compute
gpus = [SimpleNamespace(name=name) for name in ("first", "second")]
config, done = tf.config, []
config.list_physical_devices = lambda kind: gpus
config.set_visible_devices = lambda chosen, kind: done.append([one.name for one in chosen])
config.experimental.set_memory_growth = lambda gpu, on: done.append((gpu.name, on))
config.experimental.enable_op_determinism = lambda: done.append("deterministic")
config.experimental.get_device_details = lambda gpu: {"device_name": f"the {gpu.name} GPU"}
assert compute.tensor_float_32()
print(compute.select("gpu:1"), done, compute.tensor_float_32())
"""

TWO_PROCESSORS = """
import tensorflow as tf
from concurrent.futures import ThreadPoolExecutor
from filter_atlas.ascent import LayerAscent, Start
from filter_atlas.network import Vgg16
from filter_atlas.recipe import Phase, Recipe
from filter_atlas.weights import canonical
[processor] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
network = Vgg16({name: tf.constant(tensor) for name, tensor in canonical.random().items()})
recipe = Recipe(schedule=(Phase(size=32, steps=2, rate=1.0),))
def draw(device):
    with tf.device(device.name):
        [one] = LayerAscent("block2_conv1", recipe, network).draw([Start(3, 0)])
    return device.name[-5:], one.picture.tobytes(), one.loss
with ThreadPoolExecutor(2) as pool:
    drawn = list(pool.map(draw, tf.config.list_logical_devices("CPU")))
print([one[0] for one in drawn], drawn[0][1:] == drawn[1][1:])
"""


def run(program: str) -> str:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    ).stdout.strip()


def test_of_two_gpus_a_worker_sees_its_own_alone_as_it_needs_memory_and_by_float32() -> None:
    assert run(TWO_GPUS) == ("the second GPU [['second'], ('second', True), 'deterministic'] False")


def test_two_devices_at_once_draw_the_same_bytes() -> None:
    assert run(TWO_PROCESSORS) == "['CPU:0', 'CPU:1'] True"
