"""Runs of Snakemake as a user starts them, each in its own folder."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import yaml
from PIL import Image

from filter_atlas.settings import dreams

REPOSITORY = Path(__file__).parents[1]

SMALL: dict[str, Any] = {
    "filters": {"block1_conv1": 2, "block3_conv2": [0, 5]},
    "recipe": "small",
    "recipes": {"small": {"schedule": [{"size": 32, "steps": 3, "step_size": 1.0}]}},
    "photos": "none",
    "circuits": "none",
    "views": "none",
    "dreams": "none",
    "classes": "none",
    "worker": {"idle_seconds": 5},
}
"""Settings of a run that takes seconds."""


class Folder:
    """A folder in which Snakemake runs, with its own configuration.

    Attributes:
        path: the folder.
        repository: the repository whose workflow runs; a copy of it may have changes.
        environment: environment of every run.
        config: settings of the command line of every run, as `--config` takes them.
    """

    def __init__(self, path: Path, temporary: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.repository = REPOSITORY
        self.environment = {**os.environ, "TMPDIR": str(temporary)}
        self.config: Sequence[str] = ()
        self.path.mkdir(parents=True)
        self.configure(settings)

    def configure(self, settings: dict[str, Any]) -> None:
        (self.path / "config.yaml").write_text(yaml.safe_dump(settings))

    def command(self, *arguments: str) -> list[str]:
        snakefile = str(self.repository / "Snakefile")
        main = [sys.executable, "-m", "snakemake", "--snakefile", snakefile]
        config = ["--config", *self.config] if self.config else []
        return [*main, "--directory", str(self.path), *arguments, *config]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, and leave it running."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.repository,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def snakemake(
        self, *arguments: str, under: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `under` is a command that runs commands."""
        return subprocess.run(
            [*under, *self.command(*arguments)],
            cwd=self.repository,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        given = self.environment.get("PYTHONPATH")
        paths = os.pathsep.join(filter(None, [str(self.repository / "src"), given]))
        return {**self.environment, "PYTHONPATH": paths}

    @contextmanager
    def with_results(self, target: str) -> Iterator[str]:
        """Make a target on two cores, and stop the workers in the end; what Snakemake printed."""
        yield self.make(target, cores=2)
        for worker in self.workers():
            worker.kill()

    def make(self, target: str, cores: int) -> str:
        """Make a target, which succeeds; what Snakemake printed."""
        run = self.snakemake(target, "--cores", str(cores))
        assert run.returncode == 0, run.stdout
        return run.stdout

    @contextmanager
    def with_config(self, *settings: str) -> Iterator["Folder"]:
        """Other settings of the command line for a while."""
        before, self.config = self.config, settings
        yield self
        self.config = before

    def stale(self, *arguments: str) -> dict[str, int]:
        """Number of jobs of each rule that a run would start, from a dry run."""
        run = self.snakemake(*arguments, "--cores", "1", "--dry-run", "--quiet", "rules")
        assert run.returncode == 0, run.stdout
        return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", run.stdout, re.M)}

    def pictures(self) -> dict[str, bytes]:
        filters = self.path / "results" / "filters"
        return {
            str(file.relative_to(filters)): file.read_bytes()
            for file in sorted(filters.rglob("*"))
            if file.is_file()
        }

    def workers(self) -> list[psutil.Process]:
        """The warm workers that this folder's runs have started and that still live."""
        mark = self.environment["TMPDIR"]
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if "filter_atlas.worker" in (command := process.info["cmdline"] or [])
            and any(part.startswith(mark) for part in command)
            and process.status() != psutil.STATUS_ZOMBIE
        ]


class Atlas(NamedTuple):
    """A small run with everything in it, which the tests of several files look at.

    Attributes:
        folder: its folder. Tests leave it as they found it.
        outputs: what Snakemake printed, by target.
        made: the results that were there after each target.
    """

    folder: Folder
    outputs: Mapping[str, str]
    made: Mapping[str, set[str]]


def make_atlas(path: Path, weights: Path, cache: Path) -> Atlas:
    """Make the dreams, then the classes, then all the rest."""
    dream = {"photo": dreams.SAMPLE, "layers": [{"layer": "block1_conv1"}], "longest_side": 64}
    schedule = [
        {"size": 32, "steps": 3, "step_size": 4.0},
        {"size": 48, "steps": 2, "step_size": 2.0},
    ]
    small = {"schedule": schedule, "circular_padding": 4, "restarts": 2}
    zoom = {"frames": 2, "steps": 1, "format": "gif"}
    settings = {
        **SMALL,
        "weights": str(weights),
        "recipe": "atlas",
        "recipes": {"small": small},
        "photos": {"folders": str(write_photographs(path / "photographs", 3)), "size": 32},
        "circuits": "all",
        "views": {"photographs": [str(path / "photographs" / "0.jpg")], "groups": 2},
        "dreams": {"moving": {**dream, "zoom": zoom}},
        "classes": {"network": "wheel", "classes": ["notumor", 3], "recipe": "small"},
    }
    folder = Folder(path / "run", path, settings)
    folder.config = ["recipe=small", "seed=3"]
    (folder.path / ".cache").mkdir()
    for file in filter(Path.is_file, cache.iterdir()):
        (folder.path / ".cache" / file.name).symlink_to(file)
    # Nothing is downloaded.
    folder.environment |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    outputs, made = {}, {}
    results = folder.path / "results"
    for target in ("dreams", "classes", "all"):
        run = folder.snakemake(target, "--cores", "8")
        assert run.returncode == 0, run.stdout
        outputs[target] = run.stdout
        files = (file for file in results.rglob("*") if file.is_file())
        made[target] = {file.relative_to(results).as_posix() for file in files}
    return Atlas(folder, outputs, made)


def write_photographs(folder: Path, count: int) -> Path:
    """Write different photographs of 80×60 pixels into a new folder, and return it."""
    folder.mkdir(parents=True)
    for number in range(count):
        noise = np.random.RandomState(number).randint(0, 256, (6, 8, 3)).astype(np.uint8)
        Image.fromarray(noise).resize((80, 60)).save(folder / f"{number}.jpg")
    return folder


def wait_until(condition: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happens"
        time.sleep(0.05)
