"""Which devices there are to draw on, found without importing TensorFlow."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path


def resolve(devices: tuple[str, ...]) -> tuple[str, ...]:
    """The devices that the setting `devices` means on this machine.

    `auto` is every GPU that is visible here and that TensorFlow has the parts to use, or else
    the processor. GPUs are numbered as `CUDA_VISIBLE_DEVICES` leaves them: `gpu:0` is the first
    visible one. A GPU that is listed by name is taken at the user's word.
    """
    if devices != ("auto",):
        return devices
    gpus = _visible_gpus() if _has_cuda_parts() else 0
    return tuple(f"gpu:{number}" for number in range(gpus)) or ("cpu",)


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


CPUINFO = Path("/proc/cpuinfo")

AMPERE = 8.0
"""Compute capability of the first NVIDIA GPUs that multiply bfloat16 numbers."""


def computes_bfloat16(device: str) -> bool:
    """Whether a device has instructions for bfloat16, and so is faster at it than at float32.

    Args:
        device: `cpu`: Intel's and AMD's tell (on Linux); or `gpu:N`, the N-th visible GPU.
    """
    if device == "cpu":
        try:
            told = CPUINFO.read_text().split()
        except OSError:
            return False
        return not {"avx512_bf16", "amx_bf16"}.isdisjoint(told)
    capability = _ask(device, "compute_cap")
    return capability is not None and capability >= AMPERE


def free_memory(device: str) -> int | None:
    """Bytes that are free on a GPU, as nvidia-smi tells; None where it does not.

    Args:
        device: `gpu:N`, the N-th visible GPU; of `cpu` nothing is told.
    """
    mebibytes = None if device == "cpu" else _ask(device, "memory.free")
    return None if mebibytes is None else int(mebibytes) << 20


def _ask(gpu: str, what: str) -> float | None:
    """A number that nvidia-smi tells of the N-th visible GPU, `gpu:N`; None where it does not."""
    command = shutil.which("nvidia-smi")
    if not command:
        return None
    number = int(gpu.removeprefix("gpu:"))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else []
    name = names[number].strip() if number < len(names) else str(number)
    query = [f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        return float(_output([command, f"--id={name}", *query]))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _has_cuda_parts() -> bool:
    """Whether the extra `cuda` is installed: a GPU alone does not make TensorFlow use it."""
    try:
        return find_spec("nvidia.cudnn") is not None
    except ModuleNotFoundError:
        return False


def _visible_gpus() -> int:
    present = _present_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not present:
        return present
    # CUDA's rule: the list ends at the first entry that names no device, such as -1. Entries
    # are numbers, or identifiers such as GPU-8932f937.
    names = [name.strip() for name in visible.split(",")]
    for place, name in enumerate(names):
        if not name or name.startswith("-") or (name.isdecimal() and int(name) >= present):
            return place
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
    run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    return run.stdout
