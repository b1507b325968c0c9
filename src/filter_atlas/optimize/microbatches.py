"""Microbatches: a batch of pictures is computed as a whole, or in small parts of equal size.

The order of a sum in TensorFlow depends on the number of pictures and of threads. VGG16's
convolutions give the same result in any order, but for other networks the last bits differ.
Therefore their microbatches all have the same size and a single thread each, and the processor's
cores share the microbatches.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

SIZE = 4
"""Number of items, or groups of items, in a microbatch. Larger ones need more padding."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher:
    """Computes a result for each item of a batch.

    Args:
        threads: number of microbatches to compute at the same time, each in its own thread. All
            microbatches have the same size, so the last one is filled up. TensorFlow should use a
            single thread per operation. 0 computes the whole batch at once.
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
"""Computes a whole batch at once: for VGG16, and on GPUs."""


def choose_microbatcher(device: str, is_vgg16: bool, cores: int) -> MicroBatcher:
    """How a worker computes batches, so that a picture's bytes do not depend on its batch.

    Args:
        device: `cpu` or `gpu:N`.
        is_vgg16: whether the network is VGG16.
        cores: number of processor cores to use.
    """
    return MicroBatcher(cores) if device == "cpu" and not is_vgg16 else WHOLE_BATCH
