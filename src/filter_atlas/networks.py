"""The network that a run draws, from its canonical file, whichever network it is."""

from pathlib import Path

import tensorflow as tf

from filter_atlas.models import stored
from filter_atlas.network import Network, Vgg16
from filter_atlas.weights import canonical


def load(path: Path) -> tuple[Network, str]:
    """The network in a canonical file, and the digest of its weights.

    Raises:
        WeightsError: the file is missing, truncated, altered, or not a canonical one.
        ModelError: the network cannot be built.
    """
    if stored.holds_model(path):
        from filter_atlas.models.network import KerasNetwork

        model, source, digest = stored.load(path)
        return KerasNetwork(model, source), digest
    tensors, digest = canonical.load(path)
    return Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()}), digest
