"""Whether any network can be drawn: every convolution of twelve architectures.

    python benchmarks/networks.py                     all twelve
    python benchmarks/networks.py resnet50 vgg19      some of them

Weights are random, because the published ones of most networks are not available everywhere. The
pre-activations of every convolution are compared with Keras's own when it runs the whole model (at
the layer, or after its batch norm). One filter's gradient with respect to the picture is computed.
Prints a table: convolutions; how many have a finite gradient; the greatest difference as a share of
the layer's greatest activation; the time of an ascent per floating-point operation of convolutions,
relative to VGG16's; its time in float32 divided by that in bfloat16; and how many filters have the
same bytes when they are drawn separately, in another order. Ascents are computed as in a worker: in
microbatches, at the same time.
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

from filter_atlas.base import devices
from filter_atlas.base.precision import Precision
from filter_atlas.networks.keras_build import build
from filter_atlas.networks.keras_graph import is_linear
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.network import NetworkSettings
from filter_atlas.settings.recipe import Phase, Recipe
from filter_atlas.workflow.network_lookup import find_network

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
RECIPE = Recipe(schedule=(Phase(size=SIZE, steps=2, step_size=4.0),))
TIMED = 4
"""Number of convolutions of each network whose ascent is timed, evenly over its depth."""

MICROBATCHER = MicroBatcher(devices.cores())


def keras_outputs(network: KerasNetwork, model: Any, pictures: tf.Tensor) -> dict[str, np.ndarray]:
    """Keras's own output of every convolution, from one run of the whole model.

    It is the output of the convolution's last batch norm, or else of the convolution, with its
    activation.
    """
    outputs: dict[str, np.ndarray] = {}
    layers = {}
    for name, convolution in network.graph.convolutions.items():
        norms = convolution.normalisations
        layers[name] = norms[-1] if norms else convolution.layer
        _record_output(layers[name], partial(outputs.setdefault, name))
    model(network.preprocess(pictures), training=False)
    for layer in layers.values():
        del layer.call
    return outputs


def _record_output(layer: Any, record: Callable[[np.ndarray], Any]) -> None:
    call = layer.call

    def recording_call(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        record(np.asarray(output))
        return output

    layer.call = recording_call


def difference(
    network: KerasNetwork, name: str, pictures: tf.Tensor, expected: np.ndarray
) -> float:
    """Greatest difference from Keras's output, as a share of Keras's greatest value."""
    convolution = network.graph.convolutions[name]
    features = network.input_features(pictures, [name])[name]
    found = network.pre_activations(features, name).numpy()
    if not is_linear(convolution.layer):
        found = convolution.layer.activation(found).numpy()
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))


def operations(network: KerasNetwork, name: str) -> float:
    """Floating-point operations of the convolutions up to a layer, at `SIZE`, for one picture."""
    sides = network.graph.output_sides(max(SIZE, network.graph.smallest_size()))
    total = 0.0
    for one, convolution in network.graph.convolutions.items():
        weights = sum(np.prod(weight.shape) for weight in convolution.layer.weights)
        total += 2 * weights * sides[one] ** 2
        if one == name:
            break
    return total


def seconds(ascent: LayerAscent, filters: int) -> float:
    """Seconds per filter of an ascent of some filters, after its graph is traced."""
    starts = [Initialisation(filter, 0) for filter in range(filters)]
    ascent.draw(starts)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        ascent.draw(starts)
        times.append(time.perf_counter() - began)
    return min(times) / filters


def ascents(network: KerasNetwork) -> dict[LayerAscent, int]:
    """Ascents of some convolutions of the deeper half, and their numbers of filters."""
    names = list(network.graph.convolutions)
    chosen = names[len(names) // 2 :: max(1, len(names) // 2 // TIMED)][:TIMED]
    return {
        LayerAscent(name, RECIPE, network, MICROBATCHER): network.graph.convolutions[name].filters
        for name in chosen
    }


def per_operation(network: KerasNetwork, chosen: dict[LayerAscent, int]) -> float:
    """Seconds of an ascent of 8 filters per operation, median over the chosen layers."""
    return median(
        seconds(ascent, min(8, filters)) / operations(network, ascent.layer)
        for ascent, filters in chosen.items()
    )


def same_bytes(chosen: dict[LayerAscent, int]) -> str:
    """How many filters of the chosen layers have the same bytes when they are drawn separately."""
    same = total = 0
    for ascent, filters in chosen.items():
        starts = [Initialisation(filter, 0) for filter in range(min(7, filters))]
        together = ascent.draw(starts)
        apart = [ascent.draw([start])[0] for start in starts[:2]] + ascent.draw(starts[:1:-1])[::-1]
        pairs = zip(together, apart, strict=True)
        same += sum(np.array_equal(one.picture, other.picture) for one, other in pairs)
        total += len(starts)
    return f"{same} of {total}"


def network_of(name: str, precision: Precision = "float32") -> tuple[KerasNetwork, Any]:
    """A network with random weights, and its Keras model."""
    is_vgg16 = name == "vgg16"  # as a Keras model, which the product does not use for VGG16
    settings = NetworkSettings.model_validate(
        {
            "network": "vgg19" if is_vgg16 else name,
            "weights": ["random"],
            "preprocessing": "raw_bgr" if is_vgg16 else None,
        }
    )
    source = find_network(settings)
    model = keras.applications.VGG16(include_top=False, weights=None) if is_vgg16 else build(source)
    return KerasNetwork(model, source, precision), model


def main() -> None:
    """Draw, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=ARCHITECTURES, metavar="NETWORK")
    tf.config.threading.set_intra_op_parallelism_threads(1)  # as microbatches need it
    pictures = tf.random.stateless_uniform([1, SIZE, SIZE, 3], [0, 0], 0, 255)
    vgg16, _ = network_of("vgg16")
    reference = per_operation(vgg16, ascents(vgg16))
    print(
        "| network | convolutions | with a gradient | greatest difference | time per FLOP ", end=""
    )
    print("| float32 / bfloat16 | same bytes |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in parser.parse_args().names:
        network, model = network_of(name)
        # Some models take pictures of one size only, although their convolutions take any size.
        whole = tf.image.resize(pictures, [model.inputs[0].shape[1] or SIZE] * 2)
        drawn, worst, expected = 0, 0.0, keras_outputs(network, model, whole)
        for layer in network.graph.convolutions:
            response = network.unit_response(layer, tf.constant([0]))
            with tf.GradientTape() as tape:
                tape.watch(pictures)
                pre_activations = response.pre_activations(pictures)
                value = tf.reduce_mean(pre_activations)
            gradient = tape.gradient(value, pictures)
            drawn += bool(np.isfinite(pre_activations).all() and np.isfinite(gradient).all())
            worst = max(worst, difference(network, layer, whole, expected[layer]))
        chosen = ascents(network)
        spent = per_operation(network, chosen)
        rounded, _ = network_of(name, "bfloat16")
        gain = spent / per_operation(rounded, ascents(rounded))
        costs = f"{spent / reference:.1f} | {gain:.2f} | {same_bytes(chosen)}"
        total = len(network.graph.convolutions)
        print(f"| {name} | {total} | {drawn} | {worst:.0e} | {costs} |", flush=True)


if __name__ == "__main__":
    main()
