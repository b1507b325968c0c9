"""Streams of random numbers that are the same in every version of NumPy."""

from collections.abc import Iterable

import numpy as np


def random_stream(entropy: Iterable[int]) -> np.random.RandomState:
    """A stream of random numbers that depends only on its entropy.

    NumPy promises not to change the streams of `SeedSequence`, `MT19937` and `RandomState` between
    versions (NEP 19).

    Args:
        entropy: integers of 0 or more, below 2**32 each; their order counts.
    """
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(list(entropy))))
