"""How far a filter can possibly fire: an upper bound over all pictures there are.

Interval bound propagation (S. Gowal et al., "On the Effectiveness of Interval Bound Propagation
for Training Verifiably Robust Models", 2018): every channel is taken to have its highest value
wherever that helps and its lowest, which is 0 both for grey levels and behind a ReLU, elsewhere.
Real pictures stay far below; what the bound forbids no picture can do.
"""

from collections.abc import Mapping

import numpy as np

from filter_atlas import vgg16

WHITE = 255.0


def upper_bounds(layer: str, weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """The highest pre-activation of each filter, over all pictures of grey levels 0 to 255.

    Args:
        layer: Keras name of the layer.
        weights: canonical weights, `<layer>/kernel` (HWIO) and `<layer>/bias`.

    Returns:
        (filters,) float64.
    """
    highest = np.full(3, WHITE)
    for convolution in vgg16.layers_up_to(layer):
        kernel = np.asarray(weights[f"{convolution.name}/kernel"], float)
        helping = np.maximum(kernel, 0).sum(axis=(0, 1))
        highest = np.maximum(highest, 0) @ helping + weights[f"{convolution.name}/bias"]
    return highest
