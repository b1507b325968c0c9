"""Finding VGG16's convolutions in the article's `vgg16_weights.h5`.

The file counts every layer of its network, padding and pooling too: `layer_<k>/param_<p>`, with
the counts in the attributes `nb_layers` and `nb_params`. Its kernels are (out, in, height, width)
and turned by 180°: Theano convolves in the strict sense where TensorFlow correlates.
"""

import re
from collections.abc import Mapping

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas.errors import WeightsError
from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights import hdf5
from filter_atlas.weights.canonical import Stored


def is_article(file: h5py.File) -> bool:
    """Whether an open HDF5 file is laid out as the article's."""
    return "nb_layers" in file.attrs


def locate(datasets: Mapping[str, h5py.Dataset], source: str) -> dict[str, Stored]:
    """Find the tensors, by canonical name; what is missing is left out.

    Raises:
        WeightsError: there are not thirteen convolutions.
    """
    # Layers without parameters fall out here; so do the dense ones, whose kernels are 2-D.
    numbers = sorted(
        int(match[1])
        for path, dataset in datasets.items()
        if (match := re.fullmatch(r"layer_(\d+)/param_0", path)) and dataset.ndim == 4
    )
    if len(numbers) != len(LAYERS):
        raise WeightsError(
            f"{source}: {len(numbers)} convolutions in the article's layout, where VGG16 has "
            f"{len(LAYERS)}",
            "give the whole vgg16_weights.h5",
        )
    stored = {}
    for number, layer in zip(numbers, LAYERS, strict=True):
        kernel = datasets[f"layer_{number}/param_0"]
        stored[f"{layer.name}/kernel"] = _kernel(kernel, source).from_oihw()
        if bias := datasets.get(f"layer_{number}/param_1"):
            stored[f"{layer.name}/bias"] = Stored.of(bias, source)
    return stored


def _kernel(dataset: h5py.Dataset, source: str) -> Stored:
    def turned_back() -> npt.NDArray[np.float32]:
        return hdf5.values(dataset, source)[:, :, ::-1, ::-1]

    return Stored(dataset.shape, turned_back)
