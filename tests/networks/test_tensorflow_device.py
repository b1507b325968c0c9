"""Selecting the device, in new processes, because TensorFlow takes a device only once."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def chosen() -> list[str]:
    """Output of a program that selects the processor, and then a GPU that does not exist."""
    program = (
        "from filter_atlas.base import errors\n"
        "from filter_atlas.networks import tensorflow_device\n"
        "print(tensorflow_device.select('cpu'))\n"
        "try: tensorflow_device.select('gpu:3')\n"
        "except errors.FilterAtlasError as error: print(error)\n"
    )
    return run(program).splitlines()


def test_the_processor_can_be_selected_and_has_a_model_name(chosen: list[str]) -> None:
    assert chosen[0].startswith("CPU (")
    assert len(chosen[0]) > len("CPU ()")


def test_a_gpu_that_does_not_exist_is_refused(chosen: list[str]) -> None:
    assert chosen[1].startswith("device gpu:3: TensorFlow sees 0 GPU(s) here")


TWO_GPUS = """
import tensorflow as tf
from types import SimpleNamespace
from filter_atlas.networks import tensorflow_device
gpus = [SimpleNamespace(name=name) for name in ("first", "second")]
config, done = tf.config, []
config.list_physical_devices = lambda kind: gpus
config.set_visible_devices = lambda chosen, kind: done.append([gpu.name for gpu in chosen])
config.experimental.set_memory_growth = lambda gpu, on: done.append((gpu.name, on))
config.experimental.enable_op_determinism = lambda: done.append("deterministic")
config.experimental.get_device_details = lambda gpu: {"device_name": f"the {gpu.name} GPU"}
assert tensorflow_device.is_tf32_enabled()
print(tensorflow_device.select("gpu:1"), done, tensorflow_device.is_tf32_enabled())
"""

TWO_PROCESSORS = """
import tensorflow as tf
from concurrent.futures import ThreadPoolExecutor
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.recipe import Phase, Recipe
from filter_atlas.weights import vgg16_tensors
[processor] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
network = Vgg16({name: tf.constant(tensor) for name, tensor in vgg16_tensors.random().items()})
recipe = Recipe(schedule=(Phase(size=32, steps=2, step_size=1.0),))
def draw(device):
    with tf.device(device.name):
        [result] = LayerAscent("block2_conv1", recipe, network).draw([Initialisation(3, 0)])
    return device.name[-5:], result.picture.tobytes(), result.loss
with ThreadPoolExecutor(2) as pool:
    drawn = list(pool.map(draw, tf.config.list_logical_devices("CPU")))
print([name for name, *_ in drawn], drawn[0][1:] == drawn[1][1:])
"""


def run(program: str) -> str:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    ).stdout.strip()


def test_only_the_selected_gpu_is_visible_with_growing_memory_and_without_tf32() -> None:
    assert run(TWO_GPUS) == ("the second GPU [['second'], ('second', True), 'deterministic'] False")


def test_two_devices_at_once_draw_the_same_bytes() -> None:
    assert run(TWO_PROCESSORS) == "['CPU:0', 'CPU:1'] True"
