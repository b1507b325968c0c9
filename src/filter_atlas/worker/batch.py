"""How many filters a device draws at once.

A result does not depend on it; only the device's memory and its speed do.
"""

from filter_atlas.worker.task import Kind

USUAL = 16
"""Filters at once on a processor, and on a GPU that has not yet shown what a batch takes."""

MOST = 64
"""Filters at once where memory sets no limit: no more are ever read ahead for one batch."""

SHARE = 0.8
"""Share of a GPU's free memory that a batch may take; the rest is lost between its parts."""


def fitting(free: int, taken: int, count: int) -> int:
    """How many filters fit into memory, judged by a batch of the same layer and recipe.

    Args:
        free: bytes that are free for a batch.
        taken: bytes that the batch took at its peak.
        count: filters in it.
    """
    return max(1, min(MOST, int(SHARE * free * count / max(taken, 1))))


class Batches:
    """Knows how many filters of each kind to draw at once, and learns from every batch.

    Args:
        setting: most filters at once, as the user wants it; None leaves it to what fits.
        free: bytes that the device has for batches; None where that is not known.
        usual: filters at once until a batch has shown what it takes.
    """

    def __init__(self, setting: int | None, free: int | None, usual: int = USUAL) -> None:
        self._setting = setting
        self._free = free
        self._usual = usual
        self._fitting: dict[Kind, int] = {}
        self._limits: dict[Kind, int] = {}

    def most(self, kind: Kind) -> int:
        """Most filters of a kind (`Task.kind`) to draw at once."""
        wanted = self._setting or self._fitting.get(kind, self._usual)
        return min(wanted, self._limits.get(kind, wanted))

    def fitted(self, kind: Kind, count: int, taken: int) -> None:
        """Learn that a batch of so many filters took so many bytes."""
        if self._free is not None:
            self._fitting[kind] = fitting(self._free, taken, count)

    def did_not_fit(self, kind: Kind, count: int) -> None:
        """Learn that so many filters ran out of memory: never again more than half of them."""
        self._limits[kind] = max(1, count // 2)
