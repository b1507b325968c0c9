"""The command: from a photograph to three files."""

import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from PIL import Image

from filter_atlas.base.devices import cores
from filter_atlas.dream.record import DreamRecord
from filter_atlas.settings import dreams

REPOSITORY = Path(__file__).parents[2]
SAMPLE = Path(dreams.photo_path(dreams.SAMPLE))
SETTINGS: Mapping[str, Any] = {
    "photo": str(SAMPLE),
    "layers": [{"layer": "block2_conv1"}],
    "longest_side": 96,
    "tile": 64,
    "octaves": 2,
    "steps": 2,
    "zoom": {"frames": 3, "steps": 1},
}


class Run(NamedTuple):
    """The results of the command."""

    folder: Path
    status: int
    stderr: str

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def command(folder: Path, weights: Path) -> list[str]:
    """The command with `SETTINGS`, for a new folder."""
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    script = str(REPOSITORY / "scripts" / "dream.py")
    files = ["--picture", "dream.png", "--record", "dream.json"]
    return [script, str(folder / "settings.json"), "--weights", str(weights), *files]


def run_here(folder: Path, weights: Path, *arguments: str) -> Run:
    """Run the command in this process, which has TensorFlow."""
    stderr, status = io.StringIO(), 0
    argv = [*command(folder, weights), *arguments]
    with chdir(folder), redirect_stderr(stderr), mock.patch.object(sys, "argv", argv):
        try:
            runpy.run_path(argv[0], run_name="__main__")
        except SystemExit as ended:
            status = int(ended.code or 0)
    return Run(folder, status, stderr.getvalue())


def run(folder: Path, weights: Path, *arguments: str) -> Run:
    """Run the command in its own process."""
    done = subprocess.run(
        [sys.executable, *command(folder, weights), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "src"),
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
    )
    return Run(folder, done.returncode, done.stderr)


@pytest.fixture(scope="module")
def whole(untrained_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run without errors."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return run(folder, untrained_file, "--animation", "dream.webp")


def test_the_command_writes_a_picture_a_record_and_an_animation_only(whole: Run) -> None:
    assert whole.status == 0, whole.stderr
    assert sorted(path.name for path in whole.folder.iterdir()) == [
        "dream.json",
        "dream.png",
        "dream.webp",
        "settings.json",
    ]
    assert "scaled down from 640×480 to 96×72 pixels" in whole.stderr


def test_the_picture_contains_the_method_but_not_the_photographs_folder(whole: Run) -> None:
    record = DreamRecord.from_file(whole.folder / "dream.json")

    with Image.open(whole.folder / "dream.png") as image:
        image.load()
        assert image.size == (96, 72)
        text = image.info
    assert text["Software"] == "Filter Atlas"
    assert text["photo"] == record.photo.digest
    assert text["weights"] == record.weights_digest
    assert json.loads(text["dream"]) == record.dream
    assert str(SAMPLE.parent).encode() not in whole.read("dream.png") + whole.read("dream.json")


def test_the_record_holds_the_loss_of_every_step(whole: Run) -> None:
    record = DreamRecord.from_file(whole.folder / "dream.json")

    assert [len(octave) for octave in record.loss] == [2, 2]
    assert record.photo.name == "raccoon.jpg"


def test_the_record_names_the_number_of_threads_on_which_the_bytes_may_depend(whole: Run) -> None:
    device = DreamRecord.from_file(whole.folder / "dream.json").device

    assert device.startswith("CPU (")
    assert device.endswith(f"), {cores()} threads an operation") or cores() == 1


def test_a_mistake_ends_in_one_line_before_the_computation(
    untrained_file: Path, tmp_path: Path
) -> None:
    wrong = run_here(tmp_path / "wrong", untrained_file)

    assert wrong.status == 2
    assert wrong.stderr.endswith("Error: zoom: the animation has no file; add --animation\n")
    assert not (wrong.folder / "dream.png").exists()
