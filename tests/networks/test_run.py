"""A run of Snakemake draws a user's network with any names of layers."""

from pathlib import Path

import keras

from filter_atlas.networks.keras_graph import safe_name
from runs import SMALL, Folder

NAMES = ("a", "a_top", "A", "search", "overview", "<img src=x onerror=alert(1)>", "{b}", "x" * 250)


def test_an_atlas_of_a_network_with_any_layer_names_is_complete(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path / "run",
        tmp_path,
        {
            **SMALL,
            "network": "mine.keras",
            "weights": "random",
            "filters": 1,
            "dreams": {
                "small": {
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
    keras.Sequential([keras.Input((28, 28, 1)), *convolutions]).save(folder.path / "mine.keras")

    run = folder.snakemake("--cores", "2")

    assert run.returncode == 0, run.stdout
    dreams = folder.path / "results" / "dreams"
    assert sorted(file.name for file in dreams.iterdir()) == ["small.json", "small.png"]
    pages = sorted((folder.path / "results" / "atlas").rglob("*.html"))
    assert len(pages) > 2 * len(NAMES)
    assert all("<strong>Random weights.</strong>" in page.read_text("utf-8") for page in pages)
    assert not any("<img src=x" in page.read_text("utf-8") for page in pages)
    drawn = {path.parent.name for path in (folder.path / "results" / "filters").rglob("0.png")}
    assert len({name.casefold() for name in drawn}) == len(NAMES)
    assert {safe_name(name) for name in NAMES[3:]} <= drawn
