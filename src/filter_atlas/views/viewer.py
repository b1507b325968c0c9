"""Seeing photographs with one network: from a photograph to the record of its view."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from filter_atlas.base.script_logging import log_line
from filter_atlas.measure.record import versions
from filter_atlas.networks import load, tensorflow_device
from filter_atlas.networks.input_size import observed_size
from filter_atlas.readers.scaled_photograph import ScaledPhotograph, read_unchanged
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.views.activations import activations
from filter_atlas.views.cells import strongest_filters
from filter_atlas.views.groups import find_groups
from filter_atlas.views.record import LayerCells, ViewRecord
from filter_atlas.views.usual import Usual
from filter_atlas.weights import canonical


class Viewer:
    """Finds the filters that fire most at each cell of a photograph, with one network.

    Args:
        weights: the canonical file of the network.
        planned: the source of the network that the settings name.
        filters: indices of the filters of each layer, by the layer's name.
        usual: the usual strength of the filters; None if it is not known.
        size: the setting `photos.size`; None for the size that the network was trained on.
        groups: number of groups of filters that are looked for in a layer, by the layer's name.
        device: `cpu` or `gpu:N`.
        alone: whether the process has no other use of TensorFlow. Then an operation has one thread,
            and on a processor a view has the same bytes on any number of cores.

    Attributes:
        size: side of the square that the network sees, in pixels.

    Raises:
        ConfigError: the network does not take pictures of this size.
        WeightsError, ModelError, WorkerError: the network or the device cannot be used.
    """

    def __init__(
        self,
        weights: Path,
        planned: NetworkSource | None,
        filters: Mapping[str, Sequence[int]],
        usual: Mapping[tuple[str, int], Usual] | None,
        size: int | None,
        groups: Mapping[str, int],
        device: str,
        alone: bool = True,
    ) -> None:
        self._device = tensorflow_device.select(device, threads=1 if alone else None)
        self._network, self._weights_digest = load.load_network(weights, planned)
        trained = canonical.load_header(weights).source.trained_size
        self.size = observed_size(self._network, size, trained)
        self._filters = filters
        self._usual = usual
        self._groups = groups

    def view(self, name: str, photograph: ScaledPhotograph) -> ViewRecord:
        """See a photograph.

        Args:
            name: name of its file.
            photograph: the photograph, scaled for the size of this viewer.

        Raises:
            ModelError: an activation is not a finite number.
        """
        fields = self._network.receptive_fields(self.size)
        found = activations(self._network, photograph.square(self.size), self._filters)
        layers = {}
        for layer, values in found.items():
            filters = self._filters[layer]
            strongest = strongest_filters(values, filters, self._strengths(layer))
            groups = find_groups(strongest.every, self._groups.get(layer, 0))
            layers[layer] = LayerCells.from_filters(
                values.shape[:2], strongest, fields[layer], filters, groups
            )
        return ViewRecord(
            name=name,
            digest=photograph.digest,
            original=photograph.placement.original,
            scaled=photograph.placement.scaled,
            square=photograph.placement.square,
            size=self.size,
            compared=self._usual is not None,
            weights_digest=self._weights_digest,
            device=self._device,
            versions=versions(),
            layers=layers,
        )

    def _strengths(self, layer: str) -> list[float | None]:
        if self._usual is None:
            # Equal strengths: filters are compared by their activations.
            return [1.0] * len(self._filters[layer])
        known = ((layer, index) for index in self._filters[layer])
        return [self._usual[key].strength if key in self._usual else None for key in known]


def read_found(path: Path, digest: str, size: int) -> ScaledPhotograph:
    """Read a photograph that a run has found, and log what a user may not expect.

    Args:
        path: its file.
        digest: sha256 of the file when it was found.
        size: side of the square that the network sees, in pixels.

    Raises:
        PhotoError: it cannot be read, or has changed since.
    """
    changed = f"{path}: has changed since the run began; run again"
    return read_unchanged(path, digest, size, log_line, changed)
