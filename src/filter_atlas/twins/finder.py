"""Finding twins in the pictures of a layer's filters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from filter_atlas.base.rotations import IDENTITY, Symmetry, symmetries, visible_side
from filter_atlas.networks.base import Network
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher
from filter_atlas.twins.cross_activations import cross_activations
from filter_atlas.twins.matching import Twins, scores, twins
from filter_atlas.twins.report import LayerTwins


@dataclass(frozen=True)
class FoundTwins:
    """The twins of a layer.

    Attributes:
        pairs: the pairs of twins, strongest first.
        scores: (symmetries, filters, filters) float32, from `matching.scores`.
        symmetries: the compared symmetries.
        summary: the layer's summary.
    """

    pairs: list[Twins]
    scores: np.ndarray
    symmetries: tuple[Symmetry, ...]
    summary: LayerTwins


def find_twins(
    layer: str,
    filters: Sequence[int],
    pictures: Sequence[np.ndarray],
    rotation_step: int,
    threshold: float,
    network: Network,
    weights_digest: str = "",
    microbatcher: MicroBatcher = WHOLE_BATCH,
) -> FoundTwins:
    """Find the twins among some filters of a layer.

    Args:
        layer: name of the layer.
        filters: indices of the filters.
        pictures: one picture per filter, all of one size, (height, width, 3) uint8, RGB. If a
            picture shows several squares side by side, the first one is used.
        rotation_step: pictures are rotated by all multiples of this angle, in degrees.
        threshold: the lowest score of twins.
        network: the network.
        weights_digest: sha256 of its weights.
        microbatcher: how the network computes the pictures of a batch.
    """
    compared = symmetries(rotation_step)
    side = visible_side(pictures[0].shape[0], rotation_step)
    squares = [picture[:, : picture.shape[0]] for picture in pictures]
    activations = cross_activations(layer, filters, squares, compared, side, network, microbatcher)
    relative = scores(activations, compared)
    pairs = twins(relative, compared, filters, threshold)
    silent = int((np.diagonal(activations[compared.index(IDENTITY)]) <= 0).sum())
    summary = LayerTwins.from_pairs(
        layer,
        filters,
        silent,
        pairs,
        rotation_step=rotation_step,
        threshold=threshold,
        weights_digest=weights_digest,
    )
    return FoundTwins(pairs, relative, compared, summary)
