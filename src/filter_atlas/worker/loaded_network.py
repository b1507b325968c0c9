"""The network that a worker keeps in memory, for drawing and for measuring."""

from pathlib import Path

from filter_atlas.base.precision import Precision
from filter_atlas.networks.base import Network
from filter_atlas.networks.load import load_network
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.network_source import NetworkSource


class LoadedNetwork:
    """The network in a canonical file; each precision is loaded once.

    Args:
        path: the canonical file.
        planned: the network that the file must hold; see `load_network`.
        device: kind of device that computes, for records.
        microbatcher: how the pictures of a batch are computed.

    Attributes:
        weights_digest: sha256 of the weights.

    Raises:
        WeightsError: the weights are damaged, or are those of another network.
        ModelError: the network cannot be built.
    """

    def __init__(
        self, path: Path, planned: NetworkSource | None, device: str, microbatcher: MicroBatcher
    ) -> None:
        self.device = device
        self.microbatcher = microbatcher
        self._path = path
        self._planned = planned
        network, self.weights_digest = load_network(path, planned)
        self._networks: dict[Precision, Network] = {"float32": network}

    def in_precision(self, precision: Precision) -> Network:
        """The network, computing in a precision."""
        if precision not in self._networks:
            self._networks[precision], _ = load_network(self._path, self._planned, precision)
        return self._networks[precision]
