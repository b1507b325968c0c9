"""A job observes only what has not been observed, and loses nothing when photographs go wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from filter_atlas.base.errors import ResultsError
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import (
    BINS,
    ROW,
    Chunk,
    LayerLayout,
    Layout,
    Observation,
    ObservationStore,
)
from filter_atlas.evidence.photographs import FoundPhotograph, find_photographs
from filter_atlas.readers.scaled_photograph import GROUP
from filter_atlas.settings.photos import PhotoSettings
from runs import write_photographs

SIZE = 32


class MeanColours:
    """Stands in for a network: its three filters are the mean colours of a square."""

    device = "a device"
    layout = Layout(SIZE, {"only": LayerLayout(3, (1, 1), refusal="none")}, "weights", {})

    def __init__(self) -> None:
        self.observed: list[bytes] = []

    def observe(self, squares: Sequence[np.ndarray]) -> list[Observation]:
        self.observed += [square.tobytes() for square in squares]
        rows = np.zeros((len(squares), 3), ROW)
        rows["maximum"] = [square.mean(axis=(0, 1)) for square in squares]
        return [Observation(one, np.ones((3, BINS), np.int32)) for one in rows]


class Job:
    """A job with its store and its photographs.

    Attributes:
        folder: folder of the photographs.
        observer: the observer of all runs of the job.
        starts: how often it was started.
    """

    def __init__(self, path: Path) -> None:
        self.folder = write_photographs(path / "photographs", 5)
        self.store = ObservationStore(path / "store")
        self.observer, self.starts = MeanColours(), 0

    def start(self) -> MeanColours:
        self.starts += 1
        return self.observer

    def found(self) -> Sequence[FoundPhotograph]:
        settings = PhotoSettings(folders=(str(self.folder),))
        return find_photographs(settings, self.folder.parent / "cache").photographs

    def run(self, photographs: Sequence[FoundPhotograph] | None = None) -> Chunk:
        self.observer.observed.clear()
        return observe_chunk(photographs or self.found(), self.store, self.start, print)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_a_chunk_has_all_photographs_in_the_order_of_their_digests(job: Job) -> None:
    chunk = job.run()

    assert list(chunk.record.photographs) == sorted(one.digest for one in job.found())
    assert chunk.record.devices == ("a device",)
    assert chunk.rows.shape == (3, 5)
    assert (chunk.counts == 5).all()
    expected = [
        np.frombuffer(one, np.uint8).reshape(-1, 3).mean(0) for one in job.observer.observed
    ]
    np.testing.assert_allclose(chunk.rows["maximum"].T, expected, rtol=1e-6)


def test_a_new_photograph_is_observed_alone(job: Job) -> None:
    job.run()
    write_photographs(job.folder / "new", 6)

    chunk = job.run()

    assert len(job.observer.observed) == 1
    assert len(chunk.record.photographs) == 6


def test_nothing_is_started_if_everything_has_been_observed(job: Job) -> None:
    first = job.run()
    (job.folder / "0.jpg").rename(job.folder / "another name.jpg")

    second = job.run()

    assert job.starts == 1
    assert first.record == second.record
    np.testing.assert_array_equal(first.rows, second.rows)


def test_a_damaged_photograph_is_left_out_with_the_reason(job: Job) -> None:
    data = (job.folder / "0.jpg").read_bytes()
    (job.folder / "0.jpg").write_bytes(data[: len(data) // 2])

    record = job.run().record

    assert len(record.photographs) == 4
    [reason] = record.unreadable.values()
    assert reason.startswith("damaged or cut short")


@pytest.mark.parametrize("change", ["removed", "changed", "damaged"])
def test_a_photograph_that_goes_wrong_during_a_run_ends_it_but_all_others_are_kept(
    job: Job, change: str
) -> None:
    photographs = job.found()
    if change == "removed":
        (job.folder / "0.jpg").unlink()
    else:
        content = (job.folder / "1.jpg").read_bytes() if change == "changed" else b"words"
        (job.folder / "0.jpg").write_bytes(content)

    with pytest.raises(
        ResultsError, match=r"^photos: 1 photographs were removed or changed .* 0\.jpg"
    ):
        job.run(photographs)

    assert len(job.observer.observed) == 4
    job.run()
    assert not job.observer.observed


def test_what_a_killed_run_or_a_fault_left_damaged_is_observed_again(job: Job) -> None:
    first = job.run()
    files = sorted((job.folder.parent / "store").rglob("*.npz"))
    files[0].write_bytes(b"")
    files[1].write_bytes(files[1].read_bytes()[:-40])
    files[2].unlink()

    second = job.run()

    assert len(job.observer.observed) == 3
    np.testing.assert_array_equal(first.rows, second.rows)


def test_more_photographs_than_are_in_memory_together_are_observed(tmp_path: Path) -> None:
    job = Job(tmp_path)
    write_photographs(job.folder / "more", GROUP + 7)

    assert len(job.run().record.photographs) == GROUP + 7
    assert job.starts == 1
