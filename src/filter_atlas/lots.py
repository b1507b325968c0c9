"""How the pictures of a batch are computed: all at once, or in lots of one size, side by side.

TensorFlow's kernels choose by the number of pictures, and of threads, in which order they sum.
For VGG16's convolutions it makes no difference. In other networks it does, to the last bits; so
there every lot has the same size and a single thread, and cores take lots instead.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

SIZE = 4
"""Items of a lot, or groups of them that stay together. Larger ones leave more to fill up."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Lots:
    """A way to compute something of each item of a batch.

    Args:
        threads: how many lots are computed at the same time, each by a thread of its own. They have
            one size; what the last one lacks is filled up. TensorFlow itself is to have one thread
            for each operation. 0 computes everything at once.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads else None

    def of(
        self,
        compute: Callable[[Sequence[Item]], list[Result]],
        items: Sequence[Item],
        each: int = 1,
    ) -> list[Result]:
        """Compute a result for every item, in their order.

        Args:
            compute: gives a list of results, one for each item of the list that it is given.
            items: at least one.
            each: how many neighbouring items must stay together.
        """
        if not self._pool:
            return compute(items)
        size = SIZE * each
        lots = [list(items[first : first + size]) for first in range(0, len(items), size)]
        lots[-1] += lots[-1][-each:] * ((size - len(lots[-1])) // each)
        return list(chain.from_iterable(self._pool.map(compute, lots)))[: len(items)]


TOGETHER = Lots(threads=0)
"""For VGG16, and for GPUs."""
