"""Microbatches: a batch of pictures is computed in small parts of equal size.

The order of a sum in TensorFlow depends on the processor, the number of pictures and the number of
threads, and float32 sums depend on this order. On one processor nothing of it may vary: every
microbatch has the same size, every operation has one thread, and the processor's cores share the
microbatches. So a picture has the same bytes in any company, on any number of cores.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

SIZE = 4
"""Number of items, or groups of items, in a microbatch. Larger ones need more padding. Smaller
ones take more time in deep layers, whose weights are read anew for each microbatch."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher:
    """Computes a result for each item of a batch.

    Args:
        threads: number of microbatches to compute at the same time, each in its own thread. All
            microbatches have the same size, so the last one is filled up. 0 computes the whole
            batch at once.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads else None

    def map(
        self,
        compute: Callable[[Sequence[Item]], list[Result]],
        items: Sequence[Item],
        group_size: int = 1,
    ) -> list[Result]:
        """Compute a result for every item, in order.

        Args:
            compute: takes a list of items and returns a list of results, one for each item.
            items: at least one.
            group_size: number of neighbouring items that must stay together.
        """
        if not self._pool:
            return compute(items)
        size = SIZE * group_size
        microbatches = [list(items[first : first + size]) for first in range(0, len(items), size)]
        last = microbatches[-1]
        last += last[-group_size:] * ((size - len(last)) // group_size)
        return list(chain.from_iterable(self._pool.map(compute, microbatches)))[: len(items)]


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
