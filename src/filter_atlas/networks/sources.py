"""What feeds a convolution: the convolutions below it, and what lies between.

A *source* of a layer is a convolution whose output reaches the layer's input without passing
another convolution. On the way are activations, poolings, batch norms, additions and
concatenations. A channel of the input comes from one filter of a source, or from several that are
added. Everything between is *linearised* (C. Voss et al., "Visualizing Weights", Distill 2021): an
activation lets everything through, and a maximum pooling is an average. So a source has a weight on
a filter, whichever picture the network sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from filter_atlas.networks.kernels import Padding

PICTURE = ""
"""Name of the picture as a source; its channels are colours."""


@dataclass(frozen=True)
class Step:
    """Something that lies between two convolutions.

    A step that changes the map is linear: it pads, takes the mean of windows, or repeats cells.

    Attributes:
        name: what it is, in words.
        size: rows and columns of the windows whose means are taken.
        strides: cells from one window to the next.
        padding: padding of the windows.
        before: rows of zeros that are added above, and columns to the left; removed if negative.
        times: how often rows and columns are repeated.
    """

    name: str
    size: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    padding: Padding = "valid"
    before: tuple[int, int] = (0, 0)
    times: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class Source:
    """A convolution that feeds a layer, or the picture.

    Attributes:
        layer: name of the convolution, or `PICTURE`.
        filters: (channels,) int32, for every channel of the layer's input the filter of the
            convolution that it comes from; -1 where it comes from elsewhere.
        factors: (channels,) float32, the number that is multiplied on the way.
        steps: what lies between, from below to above.
    """

    layer: str
    filters: np.ndarray
    factors: np.ndarray
    steps: tuple[Step, ...] = field(default=())

    @property
    def between(self) -> tuple[str, ...]:
        """What lies between, in words, from below to above."""
        return tuple(dict.fromkeys(step.name for step in self.steps))


@dataclass(frozen=True)
class NoSources:
    """The sources of a layer are not known.

    Attributes:
        reason: why not, such as `multiply (Multiply) is not linear`.
    """

    reason: str


def by_layer(sources: Sequence[Source]) -> dict[str, list[Source]]:
    """Sources by their layer: an addition can join several ways from one layer."""
    found: dict[str, list[Source]] = {}
    for source in sources:
        found.setdefault(source.layer, []).append(source)
    return found
