"""Circuits as a user gets them: real Snakemake, real TensorFlow, own photographs."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from filter_atlas.circuits.record import COLUMNS, FILTER_COLUMNS, LayerCircuits
from runs import SMALL, Folder, write_photographs

LAYERS = ("block1_conv1", "block1_conv2", "block3_conv2")
FILTERS = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, untrained_file: Path) -> Iterator[Folder]:
    """A folder in which circuits have been found; not to be altered."""
    path = tmp_path_factory.mktemp("circuits")
    photographs = write_photographs(path / "photographs", 12)
    filters = dict.fromkeys(LAYERS, FILTERS)
    settings = {**SMALL, "filters": filters, "circuits": "all", "weights": str(untrained_file)}
    made = Folder(path / "run", path, settings)
    made.config = [f"photos={{folders: {photographs}, size: 64}}"]
    with made.with_results("circuits"):
        yield made


def results(folder: Folder) -> dict[str, bytes]:
    circuits = folder.path / "results" / "circuits"
    return {file.name: file.read_bytes() for file in sorted(circuits.iterdir()) if file.is_file()}


def circuits_of(folder: Folder, layer: str) -> LayerCircuits:
    return LayerCircuits.from_file(folder.path / "results" / "circuits" / f"{layer}.json")


def test_every_filter_has_sources_and_contributions_that_add_up(folder: Folder) -> None:
    for layer in LAYERS:
        circuits = circuits_of(folder, layer)
        assert sorted(circuits.filters) == list(range(FILTERS))
        for one in circuits.filters.values():
            assert one.sources.excitatory or one.sources.inhibitory
            for fed in (one.on_picture, one.on_exemplars):
                assert fed is None or fed.error < 1e-4
        assert any(one.on_exemplars for one in circuits.filters.values())


def test_neighbours_are_layers_that_feed_each_other_and_others_say_what_feeds_them(
    folder: Folder,
) -> None:
    first, second, third = (circuits_of(folder, layer) for layer in LAYERS)

    assert (first.targets, second.targets) == (("block1_conv2",), ())
    assert [(one.layer, one.between, one.drawn) for one in second.sources] == [
        ("block1_conv1", ("ReLU",), True)
    ]
    assert [(one.layer, one.drawn) for one in third.sources] == [("block3_conv1", False)]
    assert all(one.pixels for one in second.filters.values())
    assert not any(one.pixels for one in third.filters.values())
    assert second.families.families


def test_the_tables_have_the_columns_that_are_described(folder: Folder) -> None:
    files = results(folder)

    rows = list(csv.DictReader(files["filters.csv"].decode().splitlines()))
    neighbours = list(csv.DictReader(files["block1_conv2.csv"].decode().splitlines()))

    assert list(rows[0]) == list(FILTER_COLUMNS)
    assert len(rows) == len(LAYERS) * FILTERS
    assert list(neighbours[0]) == list(COLUMNS)
    assert {row["list"] for row in neighbours} == {"sources", "picture", "exemplars", "two"}
    assert "| block3_conv2 | block3_conv1 |" in files["summary.md"].decode()


def test_the_number_of_cores_changes_no_byte(folder: Folder) -> None:
    before = results(folder)
    shutil.rmtree(folder.path / "results" / "circuits")

    folder.make("circuits", cores=1)

    assert results(folder) == before
