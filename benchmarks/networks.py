"""Whether any network can be drawn: twelve architectures, every convolution of each.

    python benchmarks/networks.py                     the twelve
    python benchmarks/networks.py resnet50 vgg19      those that are named

With random weights, as the published ones of most cannot be had everywhere. Of every convolution
the pre-activations are compared with what Keras itself computes there when it runs the whole model
(at the layer, or behind its batch norm), and one filter is asked for its gradient in the picture.
Prints a table: convolutions, how many have a finite gradient, the greatest difference as a share of
the layer's greatest activation, the time of an ascent for each floating-point operation of
convolutions relative to VGG16's, its time in float32 divided by that in bfloat16, and how many
filters have the same bytes when they are drawn apart, in another order. Ascents are computed as a
worker does it: in lots, side by side.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from filter_atlas import devices
from filter_atlas.ascent import LayerAscent, Start
from filter_atlas.feed import FEEDS
from filter_atlas.lots import Lots
from filter_atlas.models.build import build
from filter_atlas.models.graph import linear
from filter_atlas.models.network import KerasNetwork
from filter_atlas.models.source import of
from filter_atlas.precision import Precision
from filter_atlas.recipe import Phase, Recipe

ARCHITECTURES = (
    "vgg19",
    "resnet50",
    "resnet50_v2",
    "inception_v3",
    "xception",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "densenet121",
    "efficientnet_b0",
    "mobilenet",
    "convnext_tiny",
    "nasnet_mobile",
)
SIZE = 64
RECIPE = Recipe(schedule=(Phase(size=SIZE, steps=2, rate=4.0),))
TIMED = 4
"""Convolutions of each network whose ascent is timed, evenly over its depth."""

LOTS = Lots(devices.cores())


def hooked(network: KerasNetwork, model: Any, pictures: tf.Tensor) -> dict[str, np.ndarray]:
    """What Keras itself gives for every convolution, from one run of the whole model.

    That is the output of its last batch norm, or its own, an activation in it included.
    """
    given: dict[str, np.ndarray] = {}
    hooks = {}
    for name, one in network.graph.convolutions.items():
        hooks[name] = one.normalisations[-1] if one.normalisations else one.layer
        _listen(hooks[name], partial(given.setdefault, name))
    model(network.fed(pictures), training=False)
    for layer in hooks.values():
        del layer.call
    return given


def _listen(layer: Any, tell: Callable[[np.ndarray], Any]) -> None:
    call = layer.call

    def heard(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        tell(np.asarray(output))
        return output

    layer.call = heard


def difference(
    network: KerasNetwork, name: str, pictures: tf.Tensor, expected: np.ndarray
) -> float:
    """How far a layer's pre-activations are from Keras's, as a share of the greatest."""
    convolution = network.graph.convolutions[name]
    features = network.below(pictures, [name])[name]
    found = network.pre_activations(features, name).numpy()
    if not linear(convolution.layer):
        found = convolution.layer.activation(found).numpy()
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))


def operations(network: KerasNetwork, name: str) -> float:
    """Floating-point operations of the convolutions up to a layer, at `SIZE`, for one picture."""
    sides = network.graph.sides(max(SIZE, network.graph.smallest()))
    total = 0.0
    for one, convolution in network.graph.convolutions.items():
        weights = sum(np.prod(weight.shape) for weight in convolution.layer.weights)
        total += 2 * weights * sides[one] ** 2
        if one == name:
            break
    return total


def seconds(ascent: LayerAscent, filters: int) -> float:
    """Seconds of one ascent of some filters for each of them, once its graph is traced."""
    starts = [Start(filter, 0) for filter in range(filters)]
    ascent.draw(starts)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        ascent.draw(starts)
        times.append(time.perf_counter() - began)
    return min(times) / filters


def ascents(network: KerasNetwork) -> dict[LayerAscent, int]:
    """Those of some convolutions of the deeper half, each with how many filters it has."""
    names = list(network.graph.convolutions)
    chosen = names[len(names) // 2 :: max(1, len(names) // 2 // TIMED)][:TIMED]
    return {
        LayerAscent(name, RECIPE, network, LOTS): network.graph.convolutions[name].filters
        for name in chosen
    }


def per_operation(network: KerasNetwork, chosen: dict[LayerAscent, int]) -> float:
    """Seconds of an ascent of 8 filters for each operation, median over the chosen layers."""
    return median(
        seconds(ascent, min(8, filters)) / operations(network, ascent.layer)
        for ascent, filters in chosen.items()
    )


def alike(chosen: dict[LayerAscent, int]) -> str:
    """How many filters of the chosen layers have the same bytes when they are drawn apart."""
    same = total = 0
    for ascent, filters in chosen.items():
        starts = [Start(filter, 0) for filter in range(min(7, filters))]
        together = ascent.draw(starts)
        apart = [ascent.draw([start])[0] for start in starts[:2]] + ascent.draw(starts[:1:-1])[::-1]
        pairs = zip(together, apart, strict=True)
        same += sum(np.array_equal(one.picture, other.picture) for one, other in pairs)
        total += len(starts)
    return f"{same} of {total}"


def network_of(name: str, precision: Precision = "float32") -> tuple[KerasNetwork, Any]:
    """A network with random weights, and its Keras model."""
    if name == "vgg16":
        model = keras.applications.VGG16(include_top=False, weights=None)
        source = of("vgg19", ["random"], FEEDS["raw_bgr"], None, False)
    else:
        source = of(name, ["random"], None, None, False)
        model = build(source)
    return KerasNetwork(model, source, precision), model


def main() -> None:
    """Draw, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=ARCHITECTURES, metavar="NETWORK")
    tf.config.threading.set_intra_op_parallelism_threads(1)  # as lots want it
    pictures = tf.random.stateless_uniform([1, SIZE, SIZE, 3], [0, 0], 0, 255)
    vgg16, _ = network_of("vgg16")
    reference = per_operation(vgg16, ascents(vgg16))
    print(
        "| network | convolutions | with a gradient | greatest difference | time per FLOP ", end=""
    )
    print("| float32 / bfloat16 | same bytes |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in parser.parse_args().names:
        network, model = network_of(name)
        # Some models take pictures of one size, though their convolutions take any.
        whole = tf.image.resize(pictures, [model.inputs[0].shape[1] or SIZE] * 2)
        drawn, worst, expected = 0, 0.0, hooked(network, model, whole)
        for layer in network.graph.convolutions:
            seen = network.sight(layer, tf.constant([0])).own(pictures)
            with tf.GradientTape() as tape:
                tape.watch(pictures)
                value = tf.reduce_mean(network.sight(layer, tf.constant([0])).own(pictures))
            gradient = tape.gradient(value, pictures)
            drawn += bool(np.isfinite(seen).all() and np.isfinite(gradient).all())
            worst = max(worst, difference(network, layer, whole, expected[layer]))
        chosen = ascents(network)
        spent = per_operation(network, chosen)
        rounded, _ = network_of(name, "bfloat16")
        gain = spent / per_operation(rounded, ascents(rounded))
        costs = f"{spent / reference:.1f} | {gain:.2f} | {alike(chosen)}"
        total = len(network.graph.convolutions)
        print(f"| {name} | {total} | {drawn} | {worst:.0e} | {costs} |", flush=True)


if __name__ == "__main__":
    main()
