"""Observing a chunk of photographs: only those that have not been observed before."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Protocol

import numpy as np

from filter_atlas.base import devices, digests
from filter_atlas.base.errors import PhotoError, ResultsError, one_line
from filter_atlas.evidence.observations import (
    Chunk,
    Kept,
    Layout,
    Observation,
    ObservationStore,
    collect,
)
from filter_atlas.evidence.photographs import FoundPhotograph
from filter_atlas.readers.scaled_photograph import GROUP, Log, ScaledPhotograph, read_scaled


class ChunkObserver(Protocol):
    """What observes photographs; see `observer.Observer`."""

    device: str

    @property
    def layout(self) -> Layout:
        """The layout of the observations."""

    def observe(self, squares: Sequence[np.ndarray]) -> list[Observation]:
        """Observe photographs: (size, size, 3) uint8 each, RGB."""


def observe_chunk(
    photographs: Sequence[FoundPhotograph],
    store: ObservationStore,
    start: Callable[[], ChunkObserver],
    log: Log,
) -> Chunk:
    """Observe the photographs that the store does not have, and collect the chunk.

    Args:
        photographs: the photographs of the chunk.
        store: keeps the observations.
        start: makes the observer. It is called only if there is something to observe, since the
            start of TensorFlow takes seconds.
        log: takes one line about each photograph that a user may want to look at.

    Raises:
        ResultsError: photographs were removed or changed after the run had found them. All others
            have been observed, and are kept.
    """
    observer = cache(start)
    layout = store.layout()
    if layout is None:
        layout = observer().layout
        store.write_layout(layout)
    missing = [one for one in photographs if store.read(one.digest, layout.filters) is None]
    log(f"{len(missing):,} of {len(photographs):,} photographs are new")
    unreadable: dict[str, str] = {}
    lost: list[str] = []
    with ThreadPoolExecutor(devices.cores()) as pool:
        for first in range(0, len(missing), GROUP):
            group = missing[first : first + GROUP]
            results = pool.map(lambda one: _read(one, layout.size, log), group)
            read: list[ScaledPhotograph] = []
            for photograph, result in zip(group, results, strict=True):
                if isinstance(result, ScaledPhotograph):
                    read.append(result)
                elif result is None:
                    lost.append(photograph.name)
                else:
                    unreadable[photograph.digest] = result
            if read:
                observations = observer().observe([one.square(layout.size) for one in read])
                for scaled, observation in zip(read, observations, strict=True):
                    kept = Kept(observation, scaled.placement, observer().device)
                    store.write(scaled.digest, kept)
    if lost:
        raise ResultsError(
            f"photos: {len(lost):,} photographs were removed or changed while the run was using "
            f"them, the first {lost[0]}; run again: all others have been observed and are kept"
        )
    readable = [one.digest for one in photographs if one.digest not in unreadable]
    return collect(store, layout, readable, unreadable)


def _read(photograph: FoundPhotograph, size: int, log: Log) -> ScaledPhotograph | str | None:
    """A photograph, or the reason why it cannot be read; None if it is not there any more."""
    path = photograph.path
    try:
        scaled = read_scaled(path, size, log)
    except PhotoError as error:
        reason = str(error).removeprefix(f"{one_line(str(path))}: ")
        try:
            return reason if digests.file_digest(path) == photograph.digest else None
        except OSError:
            return None
    return scaled if scaled.digest == photograph.digest else None
