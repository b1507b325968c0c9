"""Dividing a batch into microbatches."""

import threading
from collections.abc import Sequence

import pytest

from filter_atlas.optimize import microbatches


class Recorder:
    """Multiplies numbers by 10, and records the microbatches that it gets."""

    def __init__(self) -> None:
        self.microbatches: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.microbatches.append(list(items))
        return [10 * item for item in items]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 18])
def test_every_microbatch_has_the_same_size_for_any_number_of_pictures(count: int) -> None:
    compute = Recorder()

    found = microbatches.MicroBatcher(threads=3).map(compute, range(count))

    assert found == [10 * item for item in range(count)]
    assert {len(microbatch) for microbatch in compute.microbatches} == {microbatches.SIZE}
    assert len(compute.microbatches) == -(-count // microbatches.SIZE)


@pytest.mark.parametrize("filters", [1, 4, 5])
def test_the_pictures_of_a_filter_stay_together(filters: int) -> None:
    compute = Recorder()
    pictures = 3

    found = microbatches.MicroBatcher(threads=1).map(
        compute, range(filters * pictures), group_size=pictures
    )

    assert found == [10 * item for item in range(filters * pictures)]
    for microbatch in compute.microbatches:
        assert len(microbatch) == microbatches.SIZE * pictures
        firsts = microbatch[::pictures]
        assert firsts == [item - item % pictures for item in firsts]
        assert [item % pictures for item in microbatch] == [*range(pictures)] * microbatches.SIZE


@pytest.mark.parametrize("filters", [[0], [5, 2, 3], [8, 4, 0, 12], [3, 2, 1, 0, 7, 6, 4], [9, 1]])
def test_an_item_has_the_same_place_in_any_company(filters: list[int]) -> None:
    compute = Recorder()

    found = microbatches.MicroBatcher(threads=2).map(compute, filters, places=filters)

    assert found == [10 * item for item in filters]
    assert all(len(microbatch) == microbatches.SIZE for microbatch in compute.microbatches)
    for item in filters:
        assert any(
            microbatch[item % microbatches.SIZE] == item for microbatch in compute.microbatches
        )


def test_a_microbatch_of_one_has_no_company() -> None:
    compute = Recorder()

    assert microbatches.MicroBatcher(threads=2, size=1).map(compute, range(3)) == [0, 10, 20]
    assert sorted(compute.microbatches) == [[0], [1], [2]]


def test_microbatches_are_computed_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=600)

    def meet(items: Sequence[int]) -> list[int]:
        meeting.wait()
        return list(items)

    assert microbatches.MicroBatcher(threads=2).map(meet, range(8)) == list(range(8))


def test_an_error_in_a_microbatch_is_raised() -> None:
    def fail(items: Sequence[int]) -> list[int]:
        raise MemoryError

    with pytest.raises(MemoryError):
        microbatches.MicroBatcher(threads=2).map(fail, range(8))


def test_the_whole_batch_is_computed_at_once() -> None:
    compute = Recorder()

    assert microbatches.WHOLE_BATCH.map(compute, range(5)) == [0, 10, 20, 30, 40]
    assert compute.microbatches == [[0, 1, 2, 3, 4]]
