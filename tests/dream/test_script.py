"""The command, in processes of its own: a photograph goes in, three files come out."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from filter_atlas.dream import settings
from filter_atlas.dream.record import DreamRecord
from filter_atlas.weights import canonical

REPOSITORY = Path(__file__).parents[2]
SAMPLE = Path(settings.path_of(settings.SAMPLE))
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
    """What a run of the command left."""

    folder: Path
    status: int
    said: str

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


def run(folder: Path, weights: Path, arguments: tuple[str, ...] = (), **environment: str) -> Run:
    """Run the command with `SETTINGS`."""
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    command: list[str | Path] = [
        sys.executable,
        REPOSITORY / "scripts" / "dream.py",
        folder / "settings.json",
    ]
    command += ["--weights", weights, "--picture", "dream.png", "--record", "dream.json"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "src"),
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **environment,
        },
    )
    return Run(folder, done.returncode, done.stderr)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A canonical file of random weights."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("weights") / "vgg16.h5"
    canonical.save(
        {
            name: random.standard_normal(shape, np.float32)
            * np.float32(np.prod(shape[:-1]) ** -0.5 if name.endswith("kernel") else 0.01)
            for name, shape in canonical.SHAPES.items()
        },
        path,
    )
    return path


@pytest.fixture(scope="module")
def whole(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that goes well."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return run(folder, weights, ("--animation", "dream.webp"), TF_NUM_INTRAOP_THREADS="2")


def test_a_picture_a_record_and_an_animation_come_out_and_nothing_else(whole: Run) -> None:
    assert whole.status == 0, whole.said
    assert sorted(path.name for path in whole.folder.iterdir()) == [
        "dream.json",
        "dream.png",
        "dream.webp",
        "settings.json",
    ]
    assert "scaled down from 640×480 to 96×72 pixels" in whole.said


def test_the_picture_says_what_it_is_but_not_where_the_photograph_lay(whole: Run) -> None:
    record = DreamRecord.read(whole.folder / "dream.json")

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
    record = DreamRecord.read(whole.folder / "dream.json")

    assert [len(octave) for octave in record.loss] == [2, 2]
    assert record.photo.name == "raccoon.jpg"
    assert record.device.startswith("CPU (")


def test_another_process_with_another_number_of_threads_gives_the_same_bytes(
    whole: Run, weights: Path, tmp_path: Path
) -> None:
    again = run(
        tmp_path / "again", weights, ("--animation", "dream.webp"), TF_NUM_INTRAOP_THREADS="1"
    )

    for name in ("dream.png", "dream.json", "dream.webp"):
        assert again.read(name) == whole.read(name)


def test_a_mistake_is_said_in_one_line_before_anything_is_computed(
    weights: Path, tmp_path: Path
) -> None:
    wrong = run(tmp_path / "wrong", weights)

    assert wrong.status == 2
    assert wrong.said.endswith("Error: zoom: say where to write it: add --animation\n")
    assert not (wrong.folder / "dream.png").exists()
