"""`auto` finds the GPUs that CUDA will find, without CUDA."""

from collections.abc import Callable
from pathlib import Path

import pytest

from filter_atlas import devices

AUTO = ("auto",)
ListGpus = Callable[[str], None]


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ListGpus:
    """An empty PATH, and a function that puts there an nvidia-smi with this body."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def install(body: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f'#!/bin/sh\n[ "$*" = --list-gpus ] || exit 2\n{body}\n')
        program.chmod(0o755)

    return install


@pytest.fixture
def cuda_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with the extra `cuda`, as far as can be seen without importing it."""
    part = tmp_path / "site" / "nvidia" / "cudnn"
    part.mkdir(parents=True)
    (part / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.fixture
def two_gpus(nvidia_smi: ListGpus, cuda_parts: None) -> None:
    """A machine with two GPUs, as nvidia-smi lists them."""
    nvidia_smi(
        'echo "GPU 0: NVIDIA H200 (UUID: GPU-8932f937)"\n'
        'echo "GPU 1: NVIDIA H200 (UUID: GPU-1c5a7b42)"'
    )


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("listed", [("cpu",), ("gpu:0", "gpu:0", "cpu"), ("gpu:7",)])
def test_a_list_of_devices_is_taken_as_it_is(listed: tuple[str, ...]) -> None:
    assert devices.resolve(listed) == listed


@pytest.mark.usefixtures("nvidia_smi")
def test_auto_is_the_processor_where_there_is_no_nvidia_smi() -> None:
    assert devices.resolve(AUTO) == ("cpu",)


def test_auto_is_the_processor_where_tensorflow_has_no_parts_for_a_gpu(
    nvidia_smi: ListGpus,
) -> None:
    nvidia_smi('echo "GPU 0: NVIDIA H200 (UUID: GPU-8932f937)"')

    assert devices.resolve(AUTO) == ("cpu",)


@pytest.mark.usefixtures("two_gpus")
def test_auto_is_every_gpu_where_there_are_some() -> None:
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
def test_auto_is_the_processor_where_nvidia_smi_finds_nothing(
    nvidia_smi: ListGpus, body: str
) -> None:
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
def test_auto_counts_only_what_cuda_visible_devices_leaves(
    monkeypatch: pytest.MonkeyPatch, visible: str, found: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.resolve(AUTO) == found


@pytest.mark.usefixtures("nvidia_smi")
@pytest.mark.parametrize("visible", ["0,1", "GPU-1c5a7b42"])
def test_cuda_visible_devices_conjures_up_no_gpu(
    monkeypatch: pytest.MonkeyPatch, visible: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.resolve(AUTO) == ("cpu",)


@pytest.fixture
def memory(nvidia_smi: ListGpus, tmp_path: Path) -> None:
    """An nvidia-smi by which GPU 0 has 100 MiB free, and the one named GPU-1c has 200."""
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
def test_free_memory_is_that_of_the_gpu_that_cuda_visible_devices_puts_in_this_place(
    monkeypatch: pytest.MonkeyPatch, device: str, visible: str | None, mebibytes: int | None
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert devices.free_memory(device) == (mebibytes and mebibytes << 20)


@pytest.mark.usefixtures("nvidia_smi")
def test_nothing_is_known_of_free_memory_where_there_is_no_nvidia_smi() -> None:
    assert devices.free_memory("gpu:0") is None


@pytest.mark.parametrize(
    ("flags", "computes"),
    [("fma avx512_bf16 avx512f", True), ("amx_bf16 amx_tile", True), ("avx512f avx2", False)],
)
def test_a_processor_computes_in_bfloat16_if_it_has_instructions_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, computes: bool
) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor : 0\nmodel name : Some CPU\nflags : {flags}\n")
    monkeypatch.setattr(devices, "CPUINFO", told)

    assert devices.computes_bfloat16("cpu") == computes


def test_of_a_processor_that_tells_nothing_no_bfloat16_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "CPUINFO", tmp_path / "missing")

    assert not devices.computes_bfloat16("cpu")


@pytest.mark.parametrize(("capability", "computes"), [("7.5", False), ("8.0", True), ("9.0", True)])
def test_a_gpu_computes_in_bfloat16_from_ampere_on(
    nvidia_smi: ListGpus, tmp_path: Path, capability: str, computes: bool
) -> None:
    (tmp_path / "nvidia-smi").write_text(
        f'#!/bin/sh\n[ "$1 $2" = "--id=0 --query-gpu=compute_cap" ] && echo {capability}\n'
    )
    (tmp_path / "nvidia-smi").chmod(0o755)

    assert devices.computes_bfloat16("gpu:0") == computes


@pytest.mark.usefixtures("nvidia_smi")
def test_of_a_gpu_that_nobody_asks_no_bfloat16_is_expected() -> None:
    assert not devices.computes_bfloat16("gpu:0")
