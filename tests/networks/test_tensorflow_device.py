"""Selecting the device, in a new process, because TensorFlow takes a device only once."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest import mock

import tensorflow as tf

from filter_atlas.base.errors import FilterAtlasError
from filter_atlas.networks import tensorflow_device
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.settings.recipe import Phase, Recipe
from filter_atlas.weights import vgg16_tensors

told = {}

# Two GPUs that do not exist.
gpus, done = [SimpleNamespace(name=name) for name in ("first", "second")], []
assert tensorflow_device.is_tf32_enabled()
with (
    mock.patch.object(tf.config, "list_physical_devices", lambda kind: gpus),
    mock.patch.object(
        tf.config,
        "set_visible_devices",
        lambda chosen, kind: done.append([gpu.name for gpu in chosen]),
    ),
    mock.patch.multiple(
        tf.config.experimental,
        set_memory_growth=lambda gpu, on: done.append([gpu.name, on]),
        enable_op_determinism=lambda: done.append("deterministic"),
        get_device_details=lambda gpu: {"device_name": f"the {gpu.name} GPU"},
    ),
):
    name = tensorflow_device.select("gpu:1")
told["two GPUs"] = [name, done, tensorflow_device.is_tf32_enabled()]

# The processor, as two devices.
[processor] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
told["cpu"] = tensorflow_device.select("cpu")
try:
    tensorflow_device.select("gpu:3")
except FilterAtlasError as error:
    told["no GPU"] = str(error)
network = Vgg16({name: tf.constant(tensor) for name, tensor in vgg16_tensors.random().items()})
recipe = Recipe(schedule=(Phase(size=32, steps=2, step_size=1.0),))


def draw(device):
    with tf.device(device.name):
        [result] = LayerAscent("block2_conv1", recipe, network).draw([Initialisation(3, 0)])
    return device.name[-5:], result.picture.tobytes(), result.loss


with ThreadPoolExecutor(2) as pool:
    drawn = list(pool.map(draw, tf.config.list_logical_devices("CPU")))
told["two processors"] = [[name for name, *_ in drawn], drawn[0][1:] == drawn[1][1:]]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the program prints; TensorFlow takes as long to load as all the rest."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True
    )
    printed: dict[str, Any] = json.loads(run.stdout)
    return printed


def test_the_processor_can_be_selected_and_has_a_model_name(told: dict[str, Any]) -> None:
    assert re.fullmatch(r"CPU \(.+\)", told["cpu"])


def test_a_gpu_that_does_not_exist_is_refused(told: dict[str, Any]) -> None:
    assert told["no GPU"].startswith("device gpu:3: TensorFlow sees 0 GPU(s) here")


def test_only_the_selected_gpu_is_visible_with_growing_memory_and_without_tf32(
    told: dict[str, Any],
) -> None:
    done = [["second"], ["second", True], "deterministic"]
    assert told["two GPUs"] == ["the second GPU", done, False]


def test_two_devices_at_once_draw_the_same_bytes(told: dict[str, Any]) -> None:
    assert told["two processors"] == [["CPU:0", "CPU:1"], True]
