"""Evidence as a user gets it: real Snakemake, real TensorFlow, own photographs."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from filter_atlas.evidence.record import LayerEvidence, PhotographList
from runs import SMALL, Folder, wait_until, write_photographs

PHOTOGRAPHS = 70
"""More than two groups that are observed together."""

LAYERS = ("block1_conv1", "block3_conv2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, untrained_file: Path) -> Iterator[Folder]:
    """A folder in which evidence has been made of its own photographs; not to be altered."""
    path = tmp_path_factory.mktemp("evidence")
    photographs = write_photographs(path / "photographs", PHOTOGRAPHS)
    shutil.copy(photographs / "0.jpg", photographs / "the same.jpg")
    (photographs / "notes.txt").write_text("not a photograph")
    made = Folder(path / "run", path, {**SMALL, "weights": str(untrained_file)})
    made.config = [f"photos={{folders: {photographs}, size: 96}}"]
    with made.with_results("evidence") as printed:
        assert (
            "Warning: photos: 1 of 71 files cannot be read and are left out: notes.txt" in printed
        )
        yield made


@pytest.fixture
def own(folder: Folder, tmp_path: Path) -> Folder:
    """A copy of that folder and of its photographs, to be altered."""
    shutil.copytree(folder.path.parent, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))
    copy = Folder(tmp_path / "made", tmp_path, {})
    shutil.copy(folder.path / "config.yaml", tmp_path / "copy" / "run")
    copy.path = tmp_path / "copy" / "run"
    copy.config = [folder.config[0].replace(str(folder.path.parent), str(copy.path.parent))]
    return copy


def results(folder: Folder) -> dict[str, bytes]:
    """The evidence, without what jobs pass on."""
    evidence = folder.path / "results" / "evidence"
    return {
        str(file.relative_to(evidence)): file.read_bytes()
        for file in sorted(evidence.rglob("*"))
        if file.is_file() and "observations" not in file.parts and file.suffix != ".snakemake"
        if not file.name.startswith(".")
    }


def forget(folder: Folder) -> None:
    """Remove everything that was observed."""
    shutil.rmtree(folder.path / ".cache" / "observations")
    shutil.rmtree(folder.path / "results" / "evidence")


def kept(folder: Folder) -> dict[Path, int]:
    """When each observation of a photograph was written."""
    files = (folder.path / ".cache" / "observations").glob("*/??/*.npz")
    return {file: file.stat().st_mtime_ns for file in files}


def test_every_filter_has_evidence_and_every_photograph_is_listed(folder: Folder) -> None:
    evidence = folder.path / "results" / "evidence"

    layers = [LayerEvidence.from_file(evidence / "layers" / f"{layer}.json") for layer in LAYERS]
    photographs = PhotographList.from_file(evidence / "photographs.json")

    assert [sorted(layer.filters) for layer in layers] == [[0, 1], [0, 5]]
    assert {layer.observed for layer in layers} == {len(photographs.photographs)} == {PHOTOGRAPHS}
    assert dict(photographs.left_out).keys() == {"notes.txt"}
    for layer in layers:
        with np.load(evidence / "heat" / f"{layer.layer}.npz") as arrays:
            assert len(arrays["heat"]) == sum(len(e.patches) for e in layer.filters.values())
        with np.load(evidence / "paths" / f"{layer.layer}.npz") as arrays:
            known = arrays["paths"].any(axis=-1).sum(axis=1).tolist()
        assert known == [len(each.top) for each in layer.filters.values()]
        for each in layer.filters.values():
            assert each.picture is not None
            for patch in each.patches:
                digest = layer.photographs[patch.photograph]
                assert (evidence / "photographs" / f"{digest}.webp").exists()
                assert photographs.photographs[digest].copy
    rows = list(csv.DictReader((evidence / "filters.csv").read_text().splitlines()))
    assert [(row["layer"], row["filter"]) for row in rows] == [
        ("block1_conv1", "0"), ("block1_conv1", "1"), ("block3_conv2", "0"), ("block3_conv2", "5")
    ]  # fmt: skip


def test_chunks_of_another_size_on_another_number_of_cores_change_no_byte(own: Folder) -> None:
    before = results(own)
    forget(own)
    own.config = [own.config[0].replace(", size", ", chunk: 40, size")]

    run = own.snakemake("evidence", "--cores", "1")

    assert run.returncode == 0, run.stdout
    observations = own.path / "results" / "evidence" / "observations"
    assert {file.stem for file in observations.glob("*.json")} == {"0", "1"}
    assert results(own) == before


def test_a_new_photograph_is_observed_alone_and_redraws_nothing(own: Folder) -> None:
    times = kept(own)
    photographs = own.path.parent / "photographs"
    new = write_photographs(own.path.parent / "more", PHOTOGRAPHS + 1) / f"{PHOTOGRAPHS}.jpg"
    (photographs / "5.jpg").rename(photographs / "renamed.jpg")
    renamed = own.stale("evidence")
    shutil.copy(new, photographs)

    stale = own.stale("evidence")
    run = own.snakemake("evidence", "--cores", "2")

    assert run.returncode == 0, run.stdout
    assert renamed == {"exemplars": 1, "heat": 1, "evidence": 1, "total": 3}
    assert stale == {"observe": 1, **renamed, "total": 4}
    log = (own.path / "results" / "logs" / "observe" / "all.log").read_text()
    assert "1 of 71 photographs are new" in log
    assert len(kept(own)) == PHOTOGRAPHS + 1
    assert {file: kept(own)[file] for file in times} == times


def test_a_job_that_is_killed_loses_nothing_and_leaves_nothing_half_written(own: Folder) -> None:
    before = results(own)
    forget(own)
    run = own.start("evidence", "--cores", "2")
    wait_until(lambda: bool(kept(own)))
    [job] = [
        process
        for process in psutil.Process(run.pid).children(recursive=True)
        if any(part.endswith(".observe.py") for part in process.cmdline())
    ]
    job.kill()
    job.wait()
    times = kept(own)

    output, _ = run.communicate()

    assert run.returncode == 0, output
    assert 0 < len(times) < PHOTOGRAPHS
    assert {file: kept(own)[file] for file in times} == times
    assert results(own) == before


def test_without_photographs_there_is_nothing_to_do(folder: Folder) -> None:
    with folder.with_config("photos=none"):
        assert folder.stale("evidence") == {"evidence": 1, "total": 1}
