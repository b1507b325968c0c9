"""The locks of runs that were killed are removed; the locks of all other runs stay."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from filter_atlas.workflow import stale_locks

REGISTER = """
from filter_atlas.workflow.stale_locks import register_run
register_run()
print(flush=True)
input()
"""


class Folder:
    """A folder in which Snakemakes run and lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.locks = path / ".snakemake" / "locks"
        self.pid_files = path / ".snakemake" / "filter-atlas-runs"
        self.runs: list[subprocess.Popen[str]] = []

    def run(self) -> subprocess.Popen[str]:
        """Start a process that registers in the folder, and lives on."""
        run = subprocess.Popen(
            [sys.executable, "-c", REGISTER],
            cwd=self.path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.runs.append(run)
        assert run.stdout
        assert run.stdout.readline() == "\n"
        return run

    def lock(self) -> None:
        self.locks.mkdir(parents=True, exist_ok=True)
        for name in ("0.input.lock", "0.output.lock"):
            (self.locks / name).write_text("results/atlas/index.html\n")

    @property
    def locked(self) -> bool:
        return any(self.locks.glob("*.lock"))

    def kill(self, run: subprocess.Popen[str]) -> None:
        run.kill()
        run.wait()

    def end(self, run: subprocess.Popen[str]) -> None:
        run.communicate("\n")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """An empty folder."""
    folder = Folder(tmp_path)
    yield folder
    for run in folder.runs:
        folder.kill(run)


def test_the_lock_of_a_killed_run_is_removed_by_the_next_run(folder: Folder) -> None:
    killed = folder.run()
    folder.lock()
    folder.kill(killed)

    folder.run()

    assert not folder.locked
    assert len(list(folder.pid_files.iterdir())) == 1


def test_the_lock_of_a_living_run_stays_although_another_run_was_killed(folder: Folder) -> None:
    killed, living = folder.run(), folder.run()
    folder.lock()
    folder.kill(killed)

    folder.end(folder.run())

    assert folder.locked
    folder.kill(living)
    folder.run()
    assert not folder.locked


def test_a_run_that_ends_by_itself_leaves_nothing(folder: Folder) -> None:
    folder.end(folder.run())

    assert list(folder.pid_files.iterdir()) == []


def test_a_lock_without_pid_files_stays(folder: Folder) -> None:
    folder.lock()

    folder.run()

    assert folder.locked


@pytest.mark.parametrize(
    ("part", "other"),
    [(0, "another-host"), (1, "another start of the machine"), (2, 1)],
    ids=["host", "start", "container"],
)
def test_a_run_on_another_machine_counts_as_alive(folder: Folder, part: int, other: object) -> None:
    killed = folder.run()
    folder.lock()
    folder.kill(killed)
    (pid_file,) = folder.pid_files.iterdir()
    machine, process = json.loads(pid_file.read_text())
    machine[part] = other
    pid_file.write_text(json.dumps([machine, process]))

    folder.run()

    assert folder.locked


def test_another_process_may_have_the_id_of_a_killed_run(folder: Folder) -> None:
    killed, later = folder.run(), folder.run()
    folder.lock()
    folder.kill(killed)
    for pid_file in folder.pid_files.iterdir():
        machine, (pid, start) = json.loads(pid_file.read_text())
        if pid == later.pid:
            pid_file.write_text(json.dumps([machine, [pid, start - 1]]))

    folder.run()

    assert not folder.locked


@pytest.mark.parametrize("garbage", ["", "{}", "[1]", "[[], 3]", "\0"])
def test_a_pid_file_that_cannot_be_read_leaves_the_lock_to_the_user(
    folder: Folder, garbage: str
) -> None:
    folder.lock()
    folder.pid_files.mkdir()
    (folder.pid_files / "x.json").write_text(garbage)

    folder.run()

    assert folder.locked


def test_a_folder_that_is_not_writable_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").touch()

    stale_locks.register_run()
