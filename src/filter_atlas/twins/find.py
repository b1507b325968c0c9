"""Finding twins from pictures on disk, on one device."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from filter_atlas import compute, networks
from filter_atlas.network import Network
from filter_atlas.picture import read_png
from filter_atlas.twins.answers import answers
from filter_atlas.twins.matching import Twins, scores, twins
from filter_atlas.twins.report import LayerTwins
from filter_atlas.twins.turn import SAME, Turn, side_seen, turns


@dataclass(frozen=True)
class Found:
    """The twins of a layer: pairs, the scores they come from, and the summary."""

    pairs: list[Twins]
    scores: np.ndarray
    turns: tuple[Turn, ...]
    summary: LayerTwins


def compare(
    layer: str,
    filters: Sequence[int],
    pictures: Sequence[np.ndarray],
    step: int,
    threshold: float,
    network: Network,
    weights_digest: str = "",
) -> Found:
    """Find the twins among some filters of a layer.

    Args:
        layer: name of the layer.
        filters: indices of the filters.
        pictures: a picture of each, all (size, size, 3) uint8, RGB.
        step: the angle that all turns are multiples of, in degrees.
        threshold: the lowest score that makes twins.
        network: the network.
        weights_digest: sha256 of its weights.
    """
    used = turns(step)
    side = side_seen(pictures[0].shape[0], step)
    found = answers(layer, filters, pictures, used, side, network)
    relative = scores(found, used)
    pairs = twins(relative, used, filters, threshold)
    silent = int((np.diagonal(found[used.index(SAME)]) <= 0).sum())
    summary = LayerTwins.of(
        layer,
        filters,
        silent,
        pairs,
        turn=step,
        threshold=threshold,
        weights_digest=weights_digest,
    )
    return Found(pairs, relative, used, summary)


class Finder:
    """Finds twins on one device.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.
        weights: path of the canonical weights.

    Raises:
        WorkerError: there is no such device.
        WeightsError: the weights are damaged.
    """

    def __init__(self, device: str, weights: str) -> None:
        compute.select(device)
        self._network, self._digest = networks.load(Path(weights))

    def find(
        self,
        layer: str,
        filters: Sequence[int],
        pictures: Sequence[str],
        step: int,
        threshold: float,
    ) -> Found:
        """Find the twins among some filters of a layer, from the paths of their pictures.

        Of a file that shows several pictures side by side, the first one counts.

        Raises:
            ResultsError: a picture is missing or damaged.
        """
        read = [_first(read_png(path)) for path in pictures]
        return compare(layer, filters, read, step, threshold, self._network, self._digest)


def _first(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, : pixels.shape[0]]
