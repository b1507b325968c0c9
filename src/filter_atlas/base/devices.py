"""The devices that can draw, found without importing TensorFlow."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from filter_atlas.base import child_process


def resolve(devices: tuple[str, ...]) -> tuple[str, ...]:
    """The devices of this machine that the setting `devices` means.

    `auto` means every visible GPU if the libraries for GPUs are installed, else the processor.
    `CUDA_VISIBLE_DEVICES` decides which GPUs are visible: `gpu:0` is the first visible one. Listed
    devices are not checked.
    """
    if devices != ("auto",):
        return devices
    gpus = _visible_gpus() if _has_cuda_libraries() else 0
    return tuple(f"gpu:{number}" for number in range(gpus)) or ("cpu",)


def cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


CPUINFO = Path("/proc/cpuinfo")

AMPERE = 8.0
"""Compute capability of the first NVIDIA GPUs that multiply bfloat16 numbers."""


def computes_bfloat16(device: str) -> bool:
    """Whether a device has instructions for bfloat16, which make it faster than float32.

    Args:
        device: `cpu` (known for Intel and AMD on Linux), or `gpu:N`, the N-th visible GPU.
    """
    if device == "cpu":
        try:
            flags = CPUINFO.read_text().split()
        except OSError:
            return False
        return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)
    capability = _query_gpu(device, "compute_cap")
    return capability is not None and capability >= AMPERE


def free_memory(device: str) -> int | None:
    """Free memory of a GPU in bytes, from nvidia-smi; None if unknown.

    Args:
        device: `gpu:N`, the N-th visible GPU; the memory of `cpu` counts as unknown.
    """
    mebibytes = None if device == "cpu" else _query_gpu(device, "memory.free")
    return None if mebibytes is None else int(mebibytes) << 20


def _query_gpu(gpu: str, quantity: str) -> float | None:
    """A number from nvidia-smi about `gpu:N`, the N-th visible GPU; None if unknown."""
    command = shutil.which("nvidia-smi")
    if not command:
        return None
    number = int(gpu.removeprefix("gpu:"))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else []
    name = names[number].strip() if number < len(names) else str(number)
    query = [f"--query-gpu={quantity}", "--format=csv,noheader,nounits"]
    try:
        return float(_output([command, f"--id={name}", *query]))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _has_cuda_libraries() -> bool:
    """Whether the extra `cuda` is installed; TensorFlow uses no GPU without it."""
    try:
        return find_spec("nvidia.cudnn") is not None
    except ModuleNotFoundError:
        return False


def _visible_gpus() -> int:
    present = _present_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not present:
        return present
    # CUDA ignores the first entry that names no device, such as -1, and all entries after it.
    # Entries are numbers, or identifiers such as GPU-8932f937.
    names = [name.strip() for name in visible.split(",")]
    for index, name in enumerate(names):
        if not name or name.startswith("-") or (name.isdecimal() and int(name) >= present):
            return index
    return len(names)


def _present_gpus() -> int:
    command = shutil.which("nvidia-smi")
    if not command:
        return 0
    try:
        listing = _output([command, "--list-gpus"])
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listing.splitlines())


def _output(command: list[str]) -> str:
    run = subprocess.run(
        command,
        env=child_process.environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return run.stdout
