"""Measuring finished pictures with one network: from the PNGs of a layer to its measures.

This module is the root of all code that the measures of pictures depend on. The digest of that code
is part of every measure task but of no drawing task, so a new measure redraws nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.png import read_png
from filter_atlas.measure.contributions import Contributions
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import PictureResponse, Value, picture_values
from filter_atlas.measure.record import versions
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks import tensorflow_device
from filter_atlas.worker.loaded_network import LoadedNetwork


class MeasuredFilter(NamedTuple):
    """What is measured of the pictures of one filter.

    Attributes:
        values: the values of the picture measures.
        paths: (pictures, filters) float16, the path of each picture; see `measure.cells`.
        contributions: what feeds the filter on the first of its pictures.
    """

    values: dict[str, Value]
    paths: np.ndarray
    contributions: Contributions

    @classmethod
    def of_responses(cls, responses: Sequence[PictureResponse]) -> "MeasuredFilter":
        """What is measured of the responses to all pictures of a filter."""
        paths = np.stack([one.path for one in responses])
        return cls(picture_values(responses), paths, responses[0].contributions)


class PictureMeasurer:
    """Measures batches of pictures with one network; each layer is traced once.

    Args:
        network: the network.
        code_digest: digest of the code that measures; it is written into the files.
    """

    def __init__(self, network: LoadedNetwork, code_digest: str) -> None:
        self._network = network
        self._code_digest = code_digest
        self._versions = versions()
        self._responses: dict[tuple[str, bool], LayerResponses] = {}

    def measure(
        self, layer: str, filters: Sequence[int], files: Sequence[Path], as_trained: bool
    ) -> list[MeasuredFilter]:
        """Measure the pictures of filters, computed in one batch.

        Args:
            layer: name of the layer.
            filters: indices of the filters.
            files: the PNG of each filter.
            as_trained: as in the recipe that drew them.

        Raises:
            ResultsError: a file is missing or damaged, or the pictures differ in size.
        """
        key = layer, as_trained
        if key not in self._responses:
            network = self._network.in_precision("float32")
            self._responses[key] = LayerResponses(
                layer, network, self._network.microbatcher, as_trained
            )
        pictures = [_pictures(file) for file in files]
        for file, group in zip(files, pictures, strict=True):
            if group.shape != pictures[0].shape:
                raise ResultsError(
                    f"{file}: has another size than {files[0]}; delete both and run again"
                )
        pixels = [picture for group in pictures for picture in group]
        owners = np.repeat(filters, len(pictures[0])).tolist()
        responses = iter(self._responses[key].to_pictures(pixels, owners))
        groups = (list(islice(responses, len(group))) for group in pictures)
        return [MeasuredFilter.of_responses(group) for group in groups]

    def layer_measures(self, layer: str, values: Mapping[int, dict[str, Value]]) -> LayerMeasures:
        """The values of all filters of a layer, with what computed them."""
        return LayerMeasures(
            layer=layer,
            weights_digest=self._network.weights_digest,
            code_digest=self._code_digest,
            device=self._network.device,
            tensor_float_32=tensorflow_device.is_tf32_enabled(),
            versions=self._versions,
            values=dict(values),
        )


def _pictures(file: Path) -> np.ndarray:
    """The pictures of a filter, which are squares side by side: (count, size, size, 3) uint8."""
    pixels = read_png(str(file))
    size, width, _ = pixels.shape
    if width % size:
        raise ResultsError(f"{file}: not a row of squares; delete it and run again to redraw it")
    return np.stack(np.split(pixels, width // size, axis=1))
