"""`auto` finds the same GPUs as CUDA, without CUDA."""

from collections.abc import Callable
from pathlib import Path

import pytest

from filter_atlas.base import devices

AUTO = ("auto",)
ListGpus = Callable[[str], None]


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ListGpus:
    """An empty PATH, and a function that installs an nvidia-smi with this body in it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def install(body: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f'#!/bin/sh\n[ "$*" = --list-gpus ] || exit 2\n{body}\n')
        program.chmod(0o755)

    return install


@pytest.fixture
def cuda_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which the extra `cuda` seems to be installed."""
    part = tmp_path / "site" / "nvidia" / "cudnn"
    part.mkdir(parents=True)
    (part / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.fixture
def two_gpus(nvidia_smi: ListGpus, cuda_libraries: None) -> None:
    """A machine with two GPUs, as nvidia-smi lists them."""
    nvidia_smi(
        'echo "GPU 0: NVIDIA H200 (UUID: GPU-8932f937)"\n'
        'echo "GPU 1: NVIDIA H200 (UUID: GPU-1c5a7b42)"'
    )


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("listed", [("cpu",), ("gpu:0", "gpu:0", "cpu"), ("gpu:7",)])
def test_listed_devices_are_not_changed(listed: tuple[str, ...]) -> None:
    assert devices.resolve(listed) == listed


@pytest.mark.usefixtures("nvidia_smi")
def test_auto_is_the_processor_without_nvidia_smi() -> None:
    assert devices.resolve(AUTO) == ("cpu",)


def test_auto_is_the_processor_without_cuda_libraries(
    nvidia_smi: ListGpus,
) -> None:
    nvidia_smi('echo "GPU 0: NVIDIA H200 (UUID: GPU-8932f937)"')

    assert devices.resolve(AUTO) == ("cpu",)


@pytest.mark.usefixtures("two_gpus")
def test_auto_is_every_gpu_if_there_are_any() -> None:
    assert devices.resolve(AUTO) == ("gpu:0", "gpu:1")


@pytest.mark.parametrize(
    "body",
    [
        "exit 9",
        'echo "GPU 0: half a list"; exit 1',
        'echo "No devices were found"',
        'echo "NVIDIA-SMI has failed because it could not talk to the NVIDIA driver"',
    ],
)
def test_auto_is_the_processor_if_nvidia_smi_finds_nothing(nvidia_smi: ListGpus, body: str) -> None:
    nvidia_smi(body)

    assert devices.resolve(AUTO) == ("cpu",)


def test_the_parts_of_a_divided_gpu_are_not_counted(nvidia_smi: ListGpus) -> None:
    nvidia_smi('echo "GPU 0: NVIDIA H200 (UUID: GPU-89)"; echo "  MIG 1g.18gb Device 0: (UUID: M)"')

    assert devices.resolve(AUTO) == ("gpu:0",)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("0,1", ("gpu:0", "gpu:1")),
        ("0", ("gpu:0",)),
        ("1", ("gpu:0",)),
        ("1,0", ("gpu:0", "gpu:1")),
        (" 1 , 0 ", ("gpu:0", "gpu:1")),
        (" 0 , 2 ", ("gpu:0",)),
        ("GPU-1c5a7b42", ("gpu:0",)),
        ("", ("cpu",)),
        ("-1", ("cpu",)),
        ("0,-1,1", ("gpu:0",)),
        ("0,,1", ("gpu:0",)),
        ("0,2,1", ("gpu:0",)),
        ("5", ("cpu",)),
    ],
)
def test_auto_counts_only_gpus_in_cuda_visible_devices(
    monkeypatch: pytest.MonkeyPatch, visible: str, found: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.resolve(AUTO) == found


@pytest.mark.usefixtures("nvidia_smi")
@pytest.mark.parametrize("visible", ["0,1", "GPU-1c5a7b42"])
def test_cuda_visible_devices_does_not_add_gpus(
    monkeypatch: pytest.MonkeyPatch, visible: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.resolve(AUTO) == ("cpu",)


@pytest.fixture
def memory(nvidia_smi: ListGpus, tmp_path: Path) -> None:
    """An nvidia-smi that reports 100 MiB of free memory for GPU 0, and 200 for GPU-1c."""
    (tmp_path / "nvidia-smi").write_text(
        "#!/bin/sh\n"
        '[ "$2 $3" = "--query-gpu=memory.free --format=csv,noheader,nounits" ] || exit 2\n'
        'case "$1" in --id=0) echo 100 ;; --id=GPU-1c) echo 200 ;; --id=9) echo "[N/A]" ;;'
        " *) exit 6 ;; esac\n"
    )
    (tmp_path / "nvidia-smi").chmod(0o755)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("device", "visible", "mebibytes"),
    [
        ("gpu:0", None, 100),
        ("gpu:0", "", 100),
        ("gpu:0", "GPU-1c", 200),
        ("gpu:1", "0, GPU-1c", 200),
        ("gpu:1", "GPU-1c,0", 100),
        ("gpu:0", "9", None),
        ("gpu:5", "0", None),
        ("cpu", None, None),
    ],
)
def test_free_memory_is_that_of_the_nth_visible_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, visible: str | None, mebibytes: int | None
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.free_memory(device) == (mebibytes and mebibytes << 20)


@pytest.mark.usefixtures("nvidia_smi")
def test_free_memory_is_unknown_without_nvidia_smi() -> None:
    assert devices.free_memory("gpu:0") is None


@pytest.mark.parametrize(
    ("flags", "computes"),
    [("fma avx512_bf16 avx512f", True), ("amx_bf16 amx_tile", True), ("avx512f avx2", False)],
)
def test_a_processor_computes_in_bfloat16_if_it_has_instructions_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, computes: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nmodel name : Some CPU\nflags : {flags}\n")
    monkeypatch.setattr(devices, "CPUINFO", cpuinfo)

    assert devices.computes_bfloat16("cpu") == computes


def test_a_processor_without_cpuinfo_is_assumed_not_to_compute_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "CPUINFO", tmp_path / "missing")

    assert not devices.computes_bfloat16("cpu")


@pytest.mark.parametrize(("capability", "computes"), [("7.5", False), ("8.0", True), ("9.0", True)])
def test_gpus_since_ampere_compute_in_bfloat16(
    nvidia_smi: ListGpus, tmp_path: Path, capability: str, computes: bool
) -> None:
    (tmp_path / "nvidia-smi").write_text(
        f'#!/bin/sh\n[ "$1 $2" = "--id=0 --query-gpu=compute_cap" ] && echo {capability}\n'
    )
    (tmp_path / "nvidia-smi").chmod(0o755)

    assert devices.computes_bfloat16("gpu:0") == computes


@pytest.mark.usefixtures("nvidia_smi")
def test_a_gpu_without_nvidia_smi_is_assumed_not_to_compute_bfloat16() -> None:
    assert not devices.computes_bfloat16("gpu:0")
