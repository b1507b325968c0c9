"""Finding VGG16's convolutions in the article's `vgg16_weights.h5`.

The file numbers every layer of its network, including padding and pooling: `layer_<k>/param_<p>`.
The attributes `nb_layers` and `nb_params` hold the counts. Its kernels are (out, in, height, width)
and rotated by 180°, because Theano computes a true convolution and TensorFlow a correlation.
"""

import re
from collections.abc import Mapping

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.readers import hdf5
from filter_atlas.weights.vgg16_tensors import LazyTensor


def is_article(file: h5py.File) -> bool:
    """Whether an open HDF5 file has the article's layout."""
    return "nb_layers" in file.attrs


def locate(datasets: Mapping[str, h5py.Dataset], source: str) -> dict[str, LazyTensor]:
    """Find the tensors, by canonical name; missing ones are left out.

    Raises:
        WeightsError: the file does not have thirteen convolutions.
    """
    # Only convolutions have 4-D kernels; dense layers have 2-D kernels.
    numbers = sorted(
        int(match[1])
        for path, dataset in datasets.items()
        if (match := re.fullmatch(r"layer_(\d+)/param_0", path)) and dataset.ndim == 4
    )
    if len(numbers) != len(LAYERS):
        raise WeightsError(
            f"{source}: {len(numbers)} convolutions in the article's layout, but VGG16 has "
            f"{len(LAYERS)}",
            "give the whole vgg16_weights.h5",
        )
    found = {}
    for number, layer in zip(numbers, LAYERS, strict=True):
        kernel = datasets[f"layer_{number}/param_0"]
        found[f"{layer.name}/kernel"] = _rotated_kernel(kernel, source).oihw_to_hwio()
        if bias := datasets.get(f"layer_{number}/param_1"):
            found[f"{layer.name}/bias"] = LazyTensor.from_dataset(bias, source)
    return found


def _rotated_kernel(dataset: h5py.Dataset, source: str) -> LazyTensor:
    def rotated() -> npt.NDArray[np.float32]:
        return hdf5.values(dataset, source)[:, :, ::-1, ::-1]

    return LazyTensor(dataset.shape, rotated)
