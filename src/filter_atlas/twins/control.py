"""What chance makes of twins: how many filters have one in a network that has learnt nothing.

Measured once, by `python benchmarks/twins.py results --save`, on 64 filters of each layer of VGG16:
with each filter's weights shuffled in the layer looked at, and with random weights in all layers.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources

from filter_atlas.twins.report import LayerTwins
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST

TURN, THRESHOLD = 90, 0.8
"""What the control was measured with."""

FILE = "control.json"

NAMES = {"shuffled": "control: shuffled weights", "random": "control: random weights"}


def shares(layers: Sequence[LayerTwins]) -> dict[str, Mapping[str, float]]:
    """Share of filters with a twin by layer, for each control that is comparable; else nothing.

    Args:
        layers: the layers that the control is to stand beside.
    """
    comparable = all(
        (one.weights_digest, one.turn, one.threshold) == (IMAGENET_DIGEST, TURN, THRESHOLD)
        for one in layers
    )
    if not comparable:
        return {}
    written = json.loads(resources.files(__package__).joinpath(FILE).read_bytes())
    names = {one.layer for one in layers}
    return {
        title: {layer: share for layer, share in written[name].items() if layer in names}
        for name, title in NAMES.items()
    }
