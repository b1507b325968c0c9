"""Runs under difficult conditions: full disks, read-only folders, odd names, wrong clocks.

Every test runs Snakemake, TensorFlow and the real weights on a filter or two.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runs import REPOSITORY, SMALL, Folder, wait_until

pytestmark = pytest.mark.long

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount")
PICTURES = ["block1_conv1/0.png", "block1_conv1/1.png"]
TARGETS = [f"results/filters/{picture}" for picture in PICTURES]

MakeFolder = Callable[..., Folder]


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A folder with a short name, for everything."""
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as base:
        yield Path(base)


@pytest.fixture(scope="module")
def make_folder(base: Path, canonical_file: Path) -> Iterator[MakeFolder]:
    """Makes folders for runs of a few filters, under any name."""
    folders: list[Folder] = []

    def make(name: str = "run", **settings: Any) -> Folder:
        temporary = base / f"t{len(folders)}"
        temporary.mkdir()
        path = base / str(len(folders)) / name
        asked = {**SMALL, "filters": {"block1_conv1": 2}, "weights": str(canonical_file)}
        folders.append(Folder(path, temporary, {**asked, **settings}))
        return folders[-1]

    yield make
    for folder in folders:
        for worker in folder.workers():
            worker.kill()


@pytest.fixture(scope="module")
def drawn(make_folder: MakeFolder) -> dict[str, bytes]:
    """The pictures of two filters, drawn under normal conditions."""
    folder = make_folder()
    run = folder.snakemake("--cores", "2", *TARGETS)
    assert run.returncode == 0, run.stdout
    return folder.pictures()


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """Something mounted on a folder."""
    subprocess.run(["mount", *options, str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def errors(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The error lines of Filter Atlas in the output of a run; one may follow the progress bar."""
    assert run.returncode != 0
    return re.findall(r"(?<!\w)Error: .*", run.stdout)


def draws(folder: Folder, *arguments: str, under: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The pictures and records of a run that completes."""
    run = folder.snakemake(*arguments, *TARGETS, under=under)
    assert run.returncode == 0, run.stdout
    return folder.pictures()


@AS_ROOT
def test_a_disk_without_room_for_the_weights_is_reported_and_with_room_the_run_goes_on(
    make_folder: MakeFolder, drawn: dict[str, bytes]
) -> None:
    folder = make_folder()
    results = folder.path / "results"
    results.mkdir()

    with mounted(results, "-t", "tmpfs", "-o", "size=2m", "none"):
        run = folder.snakemake("--cores", "2", *TARGETS)
        left = [file.name for file in results.rglob("*") if file.suffix in (".h5", ".part")]
        subprocess.run(["mount", "-o", "remount,size=200m", str(results)], check=True)
        pictures = draws(folder, "--cores", "2")

    assert any("No space left on device; free some space" in line for line in errors(run))
    assert any("results/weights/vgg16-" in line for line in errors(run))
    assert left == []
    assert pictures == drawn


@AS_ROOT
def test_a_disk_without_room_for_pictures_and_logs_is_reported(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder(
        recipes={"small": {"schedule": [{"size": 512, "steps": 1, "step_size": 1.0}]}}
    )
    results = folder.path / "results"
    results.mkdir()

    with mounted(results, "-t", "tmpfs", "-o", "size=200m", "none"):
        draws(folder, "--cores", "2")
        shutil.rmtree(results / "filters")
        full = os.statvfs(results)
        (results / "filler").write_bytes(bytes(full.f_bavail * full.f_frsize))
        run = folder.snakemake("--cores", "2", *TARGETS)
        left = [file.name for file in results.rglob("*") if file.suffix in (".png", ".part")]

    assert any("0.png: No space left on device; free some space" in line for line in errors(run))
    assert left == []


@AS_ROOT
@pytest.mark.parametrize("place", ["results/filters/block1_conv1", "results", "."])
def test_a_place_that_is_read_only_is_named_before_any_work(
    make_folder: MakeFolder, place: str
) -> None:
    folder = make_folder()
    draws(folder, "--cores", "2")
    for kind in (".png", ".json"):
        (folder.path / TARGETS[0]).with_suffix(kind).unlink()
    closed = folder.path / place

    with mounted(closed, "--bind", str(closed)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(closed)], check=True)
        run = folder.snakemake("--cores", "2", *TARGETS)

    (line,) = errors(run)
    assert "cannot be written to; fix its permissions, or run in a folder of your own" in line
    assert str(place).strip(".") in line
    assert "Traceback" not in run.stdout


@AS_ROOT
def test_shared_memory_is_not_needed(make_folder: MakeFolder, drawn: dict[str, bytes]) -> None:
    without = 'mount -t tmpfs -o ro,mode=000,size=4k none /dev/shm && exec "$@"'

    pictures = draws(
        make_folder(), "--cores", "2", under=("unshare", "-m", "sh", "-c", without, "sh")
    )

    assert pictures == drawn


@pytest.mark.parametrize(
    "name",
    ["with spaces", "ünïcödé 図", "quotes ' and \" and $HOME", "/".join(["long" * 50] * 15)],
    ids=["spaces", "not ASCII", "quotes", "3,000 characters"],
)
def test_the_folder_may_have_any_name(
    make_folder: MakeFolder, drawn: dict[str, bytes], name: str
) -> None:
    assert draws(make_folder(name), "--cores", "2") == drawn


def test_a_second_run_in_one_folder_is_refused_with_a_message_and_harms_nothing(
    make_folder: MakeFolder, drawn: dict[str, bytes]
) -> None:
    folder = make_folder()
    first = subprocess.Popen(
        folder.command("--cores", "2", *TARGETS),
        cwd=REPOSITORY,
        env=folder.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: any(folder.path.glob(".snakemake/locks/*.lock")))

    second = folder.snakemake("--cores", "2", *TARGETS)
    first.wait()

    assert second.returncode != 0
    assert "Error: Directory cannot be locked." in second.stdout
    assert "Traceback" not in second.stdout
    assert first.returncode == 0
    assert folder.pictures() == drawn


def test_runs_in_two_folders_at_once_do_not_affect_each_other(
    make_folder: MakeFolder, drawn: dict[str, bytes]
) -> None:
    folders = [make_folder(), make_folder()]
    folders[1].environment["TMPDIR"] = folders[0].environment["TMPDIR"]
    runs = [
        subprocess.Popen(
            folder.command("--cores", "2", *TARGETS),
            cwd=REPOSITORY,
            env=folder.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for folder in folders
    ]

    assert [run.wait() for run in runs] == [0, 0]

    assert [folder.pictures() for folder in folders] == [drawn, drawn]


@pytest.mark.parametrize("seconds", [86_400, -86_400], ids=["set back", "set forward"])
def test_after_the_clock_is_set_a_run_goes_on(
    make_folder: MakeFolder, drawn: dict[str, bytes], seconds: int
) -> None:
    folder = make_folder()
    draws(folder, "--cores", "2")
    then = time.time() + seconds
    for file in (folder.path / "results").rglob("*"):
        os.utime(file, (then, then))
    (folder.path / TARGETS[0]).unlink()

    assert draws(folder, "--cores", "2") == drawn
    assert "draw_filter" not in folder.stale(*TARGETS)


@pytest.mark.parametrize("cores", [1, 64])
def test_the_number_of_cores_and_few_open_files_change_nothing(
    make_folder: MakeFolder, drawn: dict[str, bytes], cores: int
) -> None:
    folder = make_folder(filters={"block1_conv1": cores})
    targets = [f"results/filters/block1_conv1/{index}.png" for index in range(cores)]

    run = folder.snakemake(
        "--cores", str(cores), *targets, under=("sh", "-c", 'ulimit -n 256 && exec "$@"', "sh")
    )

    assert run.returncode == 0, run.stdout
    pictures = folder.pictures()
    assert len(pictures) == 2 * cores
    for name in PICTURES[:cores]:
        assert pictures[name] == drawn[name]


@pytest.mark.parametrize("kilobytes", [1_000_000, 1_500_000, 2_000_000])
def test_too_little_memory_is_reported_in_one_line(make_folder: MakeFolder, kilobytes: int) -> None:
    folder = make_folder()
    draws(folder, "--cores", "2")
    (folder.path / TARGETS[0]).unlink()
    limited = ("sh", "-c", f'ulimit -v {kilobytes} && exec "$@"', "sh")

    run = folder.snakemake("--cores", "2", *TARGETS, under=limited)

    assert any("memory" in line and "raise the limit" in line for line in errors(run)), run.stdout
    assert not (folder.path / TARGETS[0]).exists()
    assert len(draws(folder, "--cores", "2")) == 4


def test_a_configuration_that_is_not_yaml_is_reported_without_a_traceback(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder()
    (folder.path / "config.yaml").write_text("filters: {block1_conv1: 2\nseed: [")

    run = folder.snakemake("--cores", "2")

    assert run.returncode != 0
    assert re.search("^Error: config.yaml, line 2: not YAML: ", run.stdout, re.MULTILINE)
    assert "Traceback" not in run.stdout
