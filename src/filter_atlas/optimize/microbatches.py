"""Microbatches: a batch of pictures is computed in small parts of equal size.

The order of a sum in TensorFlow depends on the processor, the number of pictures, the place of a
picture among them and the number of threads, and float32 sums depend on this order. On one
processor nothing of it may vary: every microbatch has the same size, a picture always has the same
place in its microbatch, every operation has one thread, and the processor's cores share the
microbatches. So a picture has the same bytes in any company, on any number of cores.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

SIZE = 4
"""Number of items, or groups of items, in a microbatch. Larger ones need more padding. Smaller
ones take more time in deep layers, whose weights are read anew for each microbatch."""

PHOTOGRAPHS_AT_ONCE = 1
"""The same for photographs: which of them come together depends on what was observed before. Some
kernels are slower for one picture at a time, but photographs are a small part of a run."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher:
    """Computes a result for each item of a batch.

    Args:
        threads: number of microbatches to compute at the same time, each in its own thread. All
            microbatches have the same size, so some are filled up. 0 computes the whole batch at
            once.
        size: number of items, or groups of items, in a microbatch.
    """

    def __init__(self, threads: int, size: int = SIZE) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._size = size

    def map(
        self,
        compute: Callable[[Sequence[Item]], list[Result]],
        items: Sequence[Item],
        group_size: int = 1,
        places: Sequence[int] | None = None,
    ) -> list[Result]:
        """Compute a result for every item, in order.

        Args:
            compute: takes a list of items and returns a list of results, one for each item.
            items: at least one.
            group_size: number of neighbouring items that must stay together.
            places: a number for each group, which decides its place in its microbatch: that of a
                filter is its index. By default their order; then the results of an item can depend
                on the number of items before it.
        """
        if not self._pool:
            return compute(items)
        groups = [items[first : first + group_size] for first in range(0, len(items), group_size)]
        microbatches = self._divide(range(len(groups)) if places is None else places)

        def compute_microbatch(microbatch: Mapping[int, int]) -> list[Result]:
            filling = next(iter(microbatch.values()))
            numbers = [microbatch.get(place, filling) for place in range(self._size)]
            return compute([item for number in numbers for item in groups[number]])

        found: dict[int, list[Result]] = {}
        for microbatch, results in zip(
            microbatches, self._pool.map(compute_microbatch, microbatches), strict=True
        ):
            for place, number in microbatch.items():
                found[number] = results[place * group_size : (place + 1) * group_size]
        return [result for number in range(len(groups)) for result in found[number]]

    def _divide(self, places: Sequence[int]) -> list[dict[int, int]]:
        """The number of each group by its place, for every microbatch."""
        microbatches: list[dict[int, int]] = []
        before = [0] * self._size
        for number, given in enumerate(places):
            place = given % self._size
            if before[place] == len(microbatches):
                microbatches.append({})
            microbatches[before[place]][place] = number
            before[place] += 1
        return microbatches


WHOLE_BATCH = MicroBatcher(threads=0)
"""Computes a whole batch at once: on GPUs, where small batches would waste time."""


def microbatches_at_once(device: str, cores: int) -> int:
    """How many microbatches a device computes at the same time, if all have the same size.

    A processor computes one on each core, a GPU one after the other.

    Args:
        device: `cpu` or `gpu:N`.
        cores: number of processor cores to use.
    """
    return cores if device == "cpu" else 1


def microbatcher_of(device: str, cores: int) -> MicroBatcher:
    """How a device computes batches.

    Args:
        device: `cpu` or `gpu:N`.
        cores: number of processor cores to use.
    """
    return MicroBatcher(cores) if device == "cpu" else WHOLE_BATCH
