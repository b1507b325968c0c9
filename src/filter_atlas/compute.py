"""The device on which TensorFlow computes: the processor, or one of the GPUs."""

import platform
import sys
from pathlib import Path

import tensorflow as tf

from filter_atlas.errors import WorkerError


def select(device: str) -> str:
    """Let TensorFlow see one device only; call it before anything is computed.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.

    Returns:
        What kind of device it is, such as a GPU's name.

    Raises:
        WorkerError: there is no such device.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return f"CPU ({_processor()})"
    number = int(device.removeprefix("gpu:"))
    if number >= len(gpus):
        raise WorkerError(
            f"device {device}: TensorFlow sees {len(gpus)} GPU(s) here; set `devices` to what "
            "there is, and install the extra `cuda` to use NVIDIA GPUs"
        )
    gpu = gpus[number]
    tf.config.set_visible_devices([gpu], "GPU")
    tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_op_determinism()
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))


def _processor() -> str:
    """The processor's model, on which the last bits of a result may depend."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
