"""A run of Snakemake draws a user's network with any names of layers and files, in any folder."""

import json
from pathlib import Path

import keras

from filter_atlas.base.paths import portable
from filter_atlas.networks.keras_graph import safe_name
from runs import SMALL, Folder

FILE = f"{{y}}{'m' * 230}.keras"
NAMES = ("a", "a_top", "A", "search", "overview", "<img src=x>", "{b}", "x" * 250, "con")

MODULES = ("h5py", "json", "keras", "numpy", "PIL", "pydantic", "sitecustomize", "tensorflow")
"""Modules that the processes of a run import."""

KERAS = {"backend": "jax", "floatx": "float16", "image_data_format": "channels_first"}


def _plant(folder: Folder) -> None:
    """Put modules into the folder of a run that must not run, and settings that must not apply."""
    for name in MODULES:
        code = f"open({str(folder.path / 'ran')!r}, 'a').write('{name} ')\n"
        (folder.path / f"{name}.py").write_text(code)
    home = folder.path.parent / "home"
    home.mkdir()
    (home / "keras.json").write_text(json.dumps(KERAS))
    folder.environment.update(KERAS_HOME=str(home), KERAS_BACKEND="jax")


def test_an_atlas_of_a_network_with_any_names_is_complete_and_runs_no_code_of_its_folder(
    tmp_path: Path,
) -> None:
    folder = Folder(
        tmp_path / "run",
        tmp_path,
        {
            **SMALL,
            "network": FILE,
            "weights": "random",
            "filters": 1,
            "dreams": {
                "nul": {
                    "photo": "sample",
                    "layers": [{"layer": "A"}],
                    "steps": 1,
                    "octaves": 1,
                    "longest_side": 48,
                }
            },
        },
    )
    convolutions = [keras.layers.Conv2D(2, 1, name=name) for name in NAMES]
    keras.Sequential([keras.Input((28, 28, 1)), *convolutions]).save(folder.path / FILE)

    _plant(folder)

    run = folder.snakemake("--cores", "2")

    assert run.returncode == 0, run.stdout
    assert not (folder.path / "ran").exists()
    # The messages of TensorFlow and its libraries stay in logs.
    assert all("jobs [" in line or "profile" in line for line in run.stdout.splitlines())
    for file in (folder.path / "results").rglob("*"):
        assert portable(file.name) == file.name
    dreams = folder.path / "results" / "dreams"
    assert sorted(file.name for file in dreams.iterdir()) == ["nul_.json", "nul_.png"]
    pages = sorted((folder.path / "results" / "atlas").rglob("*.html"))
    assert len(pages) > 2 * len(NAMES)
    assert all("<strong>Random weights.</strong>" in page.read_text("utf-8") for page in pages)
    assert not any("<img src=x" in page.read_text("utf-8") for page in pages)
    drawn = {path.parent.name for path in (folder.path / "results" / "filters").rglob("0.png")}
    assert len({name.casefold() for name in drawn}) == len(NAMES)
    assert {safe_name(name) for name in NAMES[3:]} <= drawn
