"""How many filters a device computes at once.

It changes the use of memory and the speed, but no result.
"""

from collections.abc import Hashable

DEFAULT = 16
"""Filters at once on a processor, and on a GPU before a batch shows how much memory it takes."""

LARGEST = 64
"""Maximum number of filters at once if the user sets none, even if memory allows more."""

SHARE = 0.8
"""Share of a GPU's free memory that a batch may take; the rest is lost to fragmentation."""


def filters_that_fit(free: int, taken: int, count: int) -> int:
    """How many filters fit into memory, estimated from a batch with the same key.

    Args:
        free: bytes that are free for a batch.
        taken: bytes that the batch took at its peak.
        count: number of filters in it.
    """
    return max(1, min(LARGEST, int(SHARE * free * count / max(taken, 1))))


class BatchSizer:
    """Decides how many filters to compute at once, and learns from every batch.

    Batches with equal keys need equal memory for each filter: a key has the layer and the recipe.

    Args:
        setting: maximum number of filters in a batch that the user has set; None means as
            many as fit.
        free: bytes that the device has for batches; None where that is not known.
        default: filters at once before a batch has shown how much memory it takes.
    """

    def __init__(self, setting: int | None, free: int | None, default: int = DEFAULT) -> None:
        self._setting = setting
        self._free = free
        self._default = default
        self._fitting: dict[Hashable, int] = {}
        self._limits: dict[Hashable, int] = {}

    def max_batch_size(self, key: Hashable) -> int:
        """Maximum number of filters in a batch with this key."""
        wanted = self._setting or self._fitting.get(key, self._default)
        return min(wanted, self._limits.get(key, wanted))

    def record_success(self, key: Hashable, count: int, taken: int) -> None:
        """Note how many bytes a batch of `count` filters took."""
        if self._free is not None:
            self._fitting[key] = filters_that_fit(self._free, taken, count)

    def record_oom(self, key: Hashable, count: int) -> None:
        """Note that `count` filters ran out of memory: later batches have at most half of them."""
        self._limits[key] = max(1, count // 2)
