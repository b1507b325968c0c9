"""Runs of Snakemake as a user starts them, each in its own folder."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml

REPOSITORY = Path(__file__).parents[1]

SMALL: dict[str, Any] = {
    "filters": {"block1_conv1": 2, "block3_conv2": [0, 5]},
    "recipe": "small",
    "recipes": {"small": {"schedule": [{"size": 32, "steps": 3, "step_size": 1.0}]}},
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
    """

    def __init__(self, path: Path, temporary: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.repository = REPOSITORY
        self.environment = {**os.environ, "TMPDIR": str(temporary)}
        self.path.mkdir(parents=True)
        self.configure(settings)

    def configure(self, settings: dict[str, Any]) -> None:
        (self.path / "config.yaml").write_text(yaml.safe_dump(settings))

    def command(self, *arguments: str) -> list[str]:
        snakefile = str(self.repository / "Snakefile")
        main = [sys.executable, "-m", "snakemake", "--snakefile", snakefile]
        return [*main, "--directory", str(self.path), *arguments]

    def snakemake(
        self, *arguments: str, under: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `under` is a command that runs commands."""
        return subprocess.run(
            [*under, *self.command(*arguments)],
            cwd=self.repository,
            env={**self.environment, "PYTHONPATH": str(self.repository / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def stale(self, *arguments: str) -> dict[str, int]:
        """Number of jobs of each rule that a run would start, from a dry run."""
        run = self.snakemake(*arguments, "--cores", "1", "--dry-run", "--quiet", "rules")
        assert run.returncode == 0, run.stdout
        counts = re.findall(r"^(\w+) +(\d+)$", run.stdout, re.M)
        return {rule: int(count) for rule, count in counts}

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


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
