"""An upper bound of each VGG16 filter's pre-activation over all possible pictures.

Interval bound propagation (S. Gowal et al., "On the Effectiveness of Interval Bound Propagation
for Training Verifiably Robust Models", 2018): every channel has its highest value if its weight is
positive, and otherwise its lowest value, which is 0 after a ReLU. No picture can exceed the bound,
and real pictures stay far below it.
"""

from collections.abc import Mapping

import numpy as np

from filter_atlas.base import vgg16_spec
from filter_atlas.base.preprocessing import Preprocessing

WHITE = 255.0


def upper_bounds(
    layer: str, weights: Mapping[str, np.ndarray], preprocessing: Preprocessing
) -> np.ndarray:
    """The highest pre-activation of each filter, over all pictures of grey levels 0 to 255.

    Args:
        layer: Keras name of the layer.
        weights: canonical weights, `<layer>/kernel` (HWIO) and `<layer>/bias`.
        preprocessing: how pictures become the network's input; black and white map to numbers
            around 0, which is what the network sees beyond the border.

    Returns:
        (filters,) float64.
    """
    pre_activations = np.empty(0)
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    lowest, highest = -mean / std, (WHITE - mean) / std
    for convolution in vgg16_spec.layers_up_to(layer):
        kernel = np.asarray(weights[f"{convolution.name}/kernel"], float)
        positive, negative = (
            part.sum(axis=(0, 1)) for part in (kernel.clip(0), kernel.clip(max=0))
        )
        pre_activations = (
            highest @ positive + lowest @ negative + weights[f"{convolution.name}/bias"]
        )
        lowest, highest = np.zeros_like(pre_activations), pre_activations.clip(0)
    return pre_activations
