"""Filters drawn without Snakemake, as in a notebook."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from filter_atlas.errors import ConfigError
from filter_atlas.notebook import Drawing, draw

README = Path(__file__).parents[1] / "README.md"
TINY = {"tiny": {"schedule": [{"size": 32, "steps": 2, "rate": 4.0}]}}
FILTERS = {"block1_conv2": [3], "block2_conv1": "0-1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, in which nothing is downloaded."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_drawings_come_in_network_order_and_show_themselves(folder: Path) -> None:
    drawings = draw(FILTERS, weights="random", recipe="tiny", recipes=TINY)

    assert [(one.layer, one.filter) for one in drawings] == [
        ("block1_conv2", 3),
        ("block2_conv1", 0),
        ("block2_conv1", 1),
    ]
    assert all(one._repr_png_().startswith(b"\x89PNG") for one in drawings)
    assert json.loads(drawings[1].json)["filter"] == 0


def test_the_bytes_are_those_of_a_run(folder: Path) -> None:
    settings = {"weights": "random", "recipe": "tiny", "recipes": TINY, "filters": FILTERS}
    (folder / "config.yaml").write_text(
        json.dumps({**settings, "dreams": "none", "classes": "none"})
    )
    snakefile = str(README.parent / "Snakefile")
    targets = ["results/filters/block1_conv2/3.png", "results/filters/block2_conv1/1.json"]
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "2", *targets],
        check=True,
        capture_output=True,
    )

    first, _, last = draw(FILTERS, weights="random", recipe="tiny", recipes=TINY)

    assert first.png == (folder / targets[0]).read_bytes()
    assert last.json == (folder / targets[1]).read_bytes()


def test_bfloat16_draws_another_picture_and_says_so(folder: Path) -> None:
    def drawn(precision: str) -> Drawing:
        [drawing] = draw(
            {"block2_conv1": [0]},
            precision=precision,
            weights="random",
            recipe="tiny",
            recipes=TINY,
        )
        return drawing

    exact, rounded = drawn("float32"), drawn("bfloat16")

    assert json.loads(exact.json)["precision"] == "float32"
    assert json.loads(rounded.json)["precision"] == "bfloat16"
    assert b"bfloat16" in rounded.png
    assert json.loads(rounded.json)["loss"] != json.loads(exact.json)["loss"]


def test_a_drawing_can_be_saved(folder: Path) -> None:
    [drawing] = draw({"block1_conv2": [3]}, weights="random", recipe="tiny", recipes=TINY)

    drawing.save("out")

    assert (folder / "out" / "block1_conv2-3.png").read_bytes() == drawing.png


def test_a_mistake_is_told_as_in_a_run(folder: Path) -> None:
    with pytest.raises(ConfigError, match="filters"):
        draw({"block9": 1})


def test_the_readmes_example_runs(folder: Path) -> None:
    example = re.search(
        r"```python\n(from filter_atlas import draw.*?)```", README.read_text(), re.S
    )
    assert example
    shown: dict[str, object] = {}

    exec(
        example[1].replace('"fine"', '"tiny", recipes=TINY, weights="random"'),
        {"TINY": TINY},
        shown,
    )

    assert len(shown["drawings"]) == 2  # type: ignore[arg-type]
