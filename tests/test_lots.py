"""How the pictures of a batch are shared out."""

import threading
from collections.abc import Sequence

import pytest

from filter_atlas import lots


class Noting:
    """Computes a number from another, and notes with which others it was asked for it."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.seen.append(list(items))
        return [10 * item for item in items]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 18])
def test_every_lot_has_the_same_size_however_many_pictures_there_are(count: int) -> None:
    compute = Noting()

    found = lots.Lots(threads=3).of(compute, range(count))

    assert found == [10 * item for item in range(count)]
    assert {len(lot) for lot in compute.seen} == {lots.SIZE}
    assert len(compute.seen) == -(-count // lots.SIZE)


@pytest.mark.parametrize("filters", [1, 4, 5])
def test_the_pictures_of_a_filter_stay_together(filters: int) -> None:
    compute = Noting()
    pictures = 3

    found = lots.Lots(threads=1).of(compute, range(filters * pictures), each=pictures)

    assert found == [10 * item for item in range(filters * pictures)]
    for lot in compute.seen:
        assert len(lot) == lots.SIZE * pictures
        assert lot[::pictures] == [one - one % pictures for one in lot[::pictures]]
        assert [one % pictures for one in lot] == list(range(pictures)) * lots.SIZE


def test_lots_are_computed_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=20)

    def meet(items: Sequence[int]) -> list[int]:
        meeting.wait()
        return list(items)

    assert lots.Lots(threads=2).of(meet, range(8)) == list(range(8))


def test_what_goes_wrong_in_a_lot_is_told() -> None:
    def fail(items: Sequence[int]) -> list[int]:
        raise MemoryError

    with pytest.raises(MemoryError):
        lots.Lots(threads=2).of(fail, range(8))


def test_together_is_all_at_once() -> None:
    compute = Noting()

    assert lots.TOGETHER.of(compute, range(5)) == [0, 10, 20, 30, 40]
    assert compute.seen == [[0, 1, 2, 3, 4]]
