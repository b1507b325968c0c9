"""The device on which TensorFlow computes: the processor, or one of the GPUs."""

import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import tensorflow as tf

from filter_atlas.errors import WorkerError

Result = TypeVar("Result")


def select(device: str) -> str:
    """Let TensorFlow see one device only; call it before anything is computed.

    A product of float32 numbers is then one of float32: TensorFlow's default on newer GPUs, TF32,
    which rounds them to 10 bits first, is off.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.

    Returns:
        What kind of device it is, such as a GPU's name.

    Raises:
        WorkerError: there is no such device, or it is too late to choose one.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu":
        _see_only([], of=gpus)
        return f"CPU ({_processor()})"
    number = int(device.removeprefix("gpu:"))
    if number >= len(gpus):
        raise WorkerError(
            f"device {device}: TensorFlow sees {len(gpus)} GPU(s) here; set `devices` to what "
            "there is, and install the extra `cuda` to use NVIDIA GPUs"
        )
    gpu = gpus[number]
    _see_only([gpu], of=gpus)
    tf.config.experimental.enable_op_determinism()
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))


def _see_only(chosen: list[Any], of: list[Any]) -> None:
    """Let TensorFlow see these GPUs of all, and take no more of their memory than it needs."""
    if not of:
        return
    try:
        tf.config.set_visible_devices(chosen, "GPU")
        for gpu in chosen:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        raise WorkerError(
            "TensorFlow has computed in this process already, so its devices are fixed; restart it "
            "(in a notebook: the kernel), and draw first"
        ) from error


def tensor_float_32() -> bool:
    """Whether a GPU may round factors to TF32 before it multiplies."""
    return bool(tf.config.experimental.tensor_float_32_execution_enabled())


def with_peak(work: Callable[[], Result]) -> tuple[Result, int]:
    """Do some work on the GPU that `select` chose.

    Returns:
        What comes of it, and the bytes that it took at its peak beyond what was held before.
    """
    tf.config.experimental.reset_memory_stats("GPU:0")
    held = tf.config.experimental.get_memory_info("GPU:0")["current"]
    result = work()
    return result, tf.config.experimental.get_memory_info("GPU:0")["peak"] - held


def _processor() -> str:
    """The processor's model, on which the last bits of a result may depend."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
