"""Truth as a user gets it: real Snakemake, real TensorFlow, the real observer."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from filter_atlas.truth.record import LayerTruth
from runs import SMALL, Folder, write_photographs

FILTERS = 24


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, untrained_file: Path, lite0_wheel: Path
) -> Iterator[Folder]:
    """A folder in which pictures have been judged; not to be altered."""
    path = tmp_path_factory.mktemp("truth")
    photographs = write_photographs(path / "photographs", 60)
    filters = {"block3_conv1": FILTERS}
    made = Folder(path / "run", path, {**SMALL, "filters": filters, "weights": str(untrained_file)})
    made.config = [f"photos={{folders: {photographs}, size: 96}}"]
    (made.path / ".cache").mkdir()
    (made.path / ".cache" / lite0_wheel.name).symlink_to(lite0_wheel)
    with made.with_results("truth"):
        yield made


def results(folder: Folder) -> dict[str, bytes]:
    truth = folder.path / "results" / "truth"
    return {file.name: file.read_bytes() for file in sorted(truth.iterdir()) if file.is_file()}


def test_every_filter_is_judged_or_left_out_with_a_reason(folder: Folder) -> None:
    truth = folder.path / "results" / "truth"

    third = LayerTruth.from_file(truth / "block3_conv1.json")

    assert third.refusal is None
    assert (third.seen, third.side, third.photographs) == (24, 64, 60)
    assert third.control
    assert third.random_observer
    assert third.means["picture"].filters >= 16
    for each in third.filters.values():
        assert (each.refusal is None) == ("picture" in each.scores)
        assert (each.path_refusal is None) == (each.path_similarity is not None)
    assert third.median_path_similarity is not None
    assert (truth / "filters.csv").read_text().count("\n") == 1 + FILTERS
    assert "| block3_conv1 |" in (truth / "summary.md").read_text()


def test_the_number_of_cores_changes_no_byte(folder: Folder) -> None:
    before = results(folder)
    shutil.rmtree(folder.path / "results" / "truth")

    folder.make("truth", cores=1)

    assert results(folder) == before
