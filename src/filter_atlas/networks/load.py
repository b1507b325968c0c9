"""Loading a network of any kind from its canonical file."""

from pathlib import Path

import tensorflow as tf

from filter_atlas.base.precision import Precision
from filter_atlas.networks.base import Network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.weights import canonical, vgg16_tensors


def load_network(path: Path, precision: Precision = "float32") -> tuple[Network, str]:
    """Load the network in a canonical file; returns it and the digest of its weights.

    Args:
        path: the canonical file.
        precision: the type of all computation after the first convolution.

    Raises:
        WeightsError: the file is missing, truncated, altered, or not a canonical file.
        ModelError: the network cannot be built.
    """
    header, arrays = canonical.load(path)
    if not header.source.is_vgg16:
        # Imported here, because VGG16 needs no Keras.
        from filter_atlas.networks.keras_build import rebuild
        from filter_atlas.networks.keras_network import KerasNetwork

        model = rebuild(header, arrays, path)
        return KerasNetwork(model, header.source, precision), header.digest
    vgg16_tensors.check(arrays, str(path))
    constants = {name: tf.constant(array) for name, array in arrays.items()}
    return Vgg16(constants, precision), header.digest
