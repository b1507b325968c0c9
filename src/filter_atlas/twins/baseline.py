"""The baseline: the share of filters that have a twin by chance, in networks that learnt nothing.

Measured once, by `python benchmarks/twins.py --save`, on 64 filters of each layer of VGG16:
with the weights of each filter of the layer shuffled, and with random weights in all layers.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources

from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.twins.report import LayerTwins

ROTATION_STEP, THRESHOLD = 90, 0.8
"""The settings of the measurement."""

FILE = "baseline.json"

NAMES = {"shuffled": "baseline: shuffled weights", "random": "baseline: random weights"}


def shares(layers: Sequence[LayerTwins]) -> dict[str, Mapping[str, float]]:
    """Share of filters with a twin by layer, for each baseline; empty if not comparable.

    Args:
        layers: the layers to compare with the baselines.
    """
    comparable = all(
        (layer.weights_digest, layer.rotation_step, layer.threshold)
        == (IMAGENET_DIGEST, ROTATION_STEP, THRESHOLD)
        for layer in layers
    )
    if not comparable:
        return {}
    measured = json.loads(resources.files(__package__).joinpath(FILE).read_bytes())
    names = {layer.layer for layer in layers}
    return {
        title: {layer: share for layer, share in measured[name].items() if layer in names}
        for name, title in NAMES.items()
    }
