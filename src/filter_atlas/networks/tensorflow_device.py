"""The device on which TensorFlow computes: the processor, or one of the GPUs."""

import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import tensorflow as tf

from filter_atlas.base import devices
from filter_atlas.base.errors import WorkerError

Result = TypeVar("Result")


def select(device: str, threads: int | None = 1) -> str:
    """Make one device visible to TensorFlow; call this before TensorFlow computes anything.

    This also turns off TF32, TensorFlow's default on newer GPUs, which rounds float32 factors to 10
    bits before it multiplies them.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.
        threads: number of threads of one operation on a processor; None leaves it as it is. With
            more than one, the last bits of a sum can depend on the number.

    Returns:
        The kind of device, such as a GPU's name. For a processor, the number of threads of an
        operation is added if it is not 1.

    Raises:
        WorkerError: there is no such device, or TensorFlow has already computed something.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu":
        _configure([], gpus, threads)
        used = tf.config.threading.get_intra_op_parallelism_threads() or devices.cores()
        return f"CPU ({_processor()})" + ("" if used == 1 else f", {used} threads an operation")
    number = int(device.removeprefix("gpu:"))
    if number >= len(gpus):
        raise WorkerError(
            f"device {device}: TensorFlow sees {len(gpus)} GPU(s) here; set `devices` to "
            "existing devices, and install the extra `cuda` to use NVIDIA GPUs"
        )
    gpu = gpus[number]
    _configure([gpu], gpus)
    tf.config.experimental.enable_op_determinism()
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))


def _configure(chosen: list[Any], gpus: list[Any], threads: int | None = None) -> None:
    """Make the chosen GPUs visible, reserve their memory only when needed, and set the threads."""
    try:
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        if gpus:
            tf.config.set_visible_devices(chosen, "GPU")
        for gpu in chosen:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:
        raise WorkerError(
            "TensorFlow has already computed in this process, so its devices are fixed; restart "
            "the process (in a notebook: the kernel), and draw first"
        ) from error


def is_tf32_enabled() -> bool:
    """Whether a GPU may round factors to TF32 before it multiplies."""
    return bool(tf.config.experimental.tensor_float_32_execution_enabled())


def measure_peak_memory(work: Callable[[], Result]) -> tuple[Result, int]:
    """Do work on the GPU that `select` chose, and measure its peak memory.

    Returns:
        The result, and the peak of the memory in use, in bytes, less the memory in use before.
    """
    tf.config.experimental.reset_memory_stats("GPU:0")
    before = tf.config.experimental.get_memory_info("GPU:0")["current"]
    result = work()
    return result, tf.config.experimental.get_memory_info("GPU:0")["peak"] - before


def _processor() -> str:
    """The processor's model; the last bits of a result may depend on it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
