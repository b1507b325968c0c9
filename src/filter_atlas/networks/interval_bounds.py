"""An upper bound of each VGG16 filter's pre-activation over all possible pictures.

Interval bound propagation (S. Gowal et al., "On the Effectiveness of Interval Bound Propagation
for Training Verifiably Robust Models", 2018): every channel has its highest value if its weight is
positive, and otherwise its lowest value. The lowest value is 0, of grey levels and after a ReLU.
No picture can exceed the bound, and real pictures stay far below it.
"""

from collections.abc import Mapping

import numpy as np

from filter_atlas.base import vgg16_spec

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
    for convolution in vgg16_spec.layers_up_to(layer):
        kernel = np.asarray(weights[f"{convolution.name}/kernel"], float)
        positive = np.maximum(kernel, 0).sum(axis=(0, 1))
        highest = np.maximum(highest, 0) @ positive + weights[f"{convolution.name}/bias"]
    return highest
