"""Loading a network of any kind from its canonical file."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.precision import Precision
from filter_atlas.networks.base import Network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical, vgg16_tensors


def load_network(
    path: Path, planned: NetworkSource | None, precision: Precision = "float32"
) -> tuple[Network, str]:
    """Load the network in a canonical file; returns it and the digest of its weights.

    The file can come from a stranger, so its header does not decide whether code is run.

    Args:
        path: the canonical file.
        planned: the source of the network that the settings name; None if no settings name one.
            Then the file may hold any network that is built without its author's code.
        precision: the type of all computation after the first convolution.

    Raises:
        WeightsError: the file is missing, truncated, altered, holds another network than the
            planned one, or is not a canonical file.
        ModelError: the network cannot be built.
    """
    header, arrays = load_checked(path, planned)
    if not header.source.is_vgg16:
        # Imported here, because VGG16 needs no Keras.
        from filter_atlas.networks.keras_build import rebuild
        from filter_atlas.networks.keras_network import KerasNetwork

        model = rebuild(header, arrays, path)
        return KerasNetwork(model, header.source, precision), header.digest
    vgg16_tensors.check(arrays, str(path))
    constants = {name: tf.constant(array) for name, array in arrays.items()}
    return Vgg16(constants, precision), header.digest


def load_checked(
    path: Path, planned: NetworkSource | None
) -> tuple[canonical.Header, dict[str, np.ndarray]]:
    """Load a canonical file, and check that it holds the planned network; see `load_network`.

    Raises:
        WeightsError: as for `load_network`.
    """
    header, arrays = canonical.load(path)
    _check_source(header.source, planned, path)
    return header, arrays


def _check_source(stored: NetworkSource, planned: NetworkSource | None, path: Path) -> None:
    if planned is not None and not stored.is_same_network(planned):
        raise WeightsError(
            f"{path}: holds another network ({stored.kind} {stored.name}) than the settings name "
            f"({planned.kind} {planned.name})",
            "delete it and run again",
        )
    if planned is None and stored.kind == "function":
        raise WeightsError(
            f"{path}: its network runs code, {stored.name}",
            "if you trust it, name it in `network:` of config.yaml, and set `run_code: true`",
        )
