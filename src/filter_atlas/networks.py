"""The network that a run draws, from its canonical file, whichever network it is."""

from pathlib import Path

import tensorflow as tf

from filter_atlas.models import stored
from filter_atlas.network import Network, Vgg16
from filter_atlas.precision import Precision
from filter_atlas.weights import canonical


def load(path: Path, precision: Precision = "float32") -> tuple[Network, str]:
    """The network in a canonical file, and the digest of its weights.

    Args:
        path: the canonical file.
        precision: what the network computes in, all but its first convolution.

    Raises:
        WeightsError: the file is missing, truncated, altered, or not a canonical one.
        ModelError: the network cannot be built.
    """
    if stored.holds_model(path):
        from filter_atlas.models.network import KerasNetwork

        model, source, digest = stored.load(path)
        return KerasNetwork(model, source, precision), digest
    tensors, digest = canonical.load(path)
    constants = {name: tf.constant(tensor) for name, tensor in tensors.items()}
    return Vgg16(constants, precision), digest
