"""How many twins there are by chance: the same analysis on networks that have learnt nothing.

    python benchmarks/twins.py results                 64 filters of every layer
    python benchmarks/twins.py results --filters 16    fewer, sooner

Takes filters of every layer by lot, with their pictures from a finished run's results folder, and
compares them with as many filters of two controls, drawn here by the same recipe:

- shuffled: the weights of each of the layer's filters in another order; all layers below as they
  are.
- random: the same architecture with random weights (He's normal distribution, biases of zero).

Prints, for each layer and network, the share of filters with a twin at several thresholds, and what
finding twins costs: its arithmetic as a share of the ascent's. `--figure` draws the shares at the
threshold of `config.yaml`.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from filter_atlas import cost, paths, plots, vgg16
from filter_atlas.ascent import LayerAscent, Start
from filter_atlas.config import Config
from filter_atlas.network import Network, Vgg16
from filter_atlas.picture import deprocess, read_png
from filter_atlas.recipe import Recipe
from filter_atlas.record import Record
from filter_atlas.twins import control
from filter_atlas.twins.find import compare
from filter_atlas.twins.matching import Twins, groups
from filter_atlas.weights import canonical

SEED = 2016
BATCH = 8
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
NETWORKS = ("VGG16", "shuffled", "random")

Weights = dict[str, np.ndarray]


def shuffled(weights: Weights, layer: str) -> Weights:
    """The weights with those of each filter of `layer` in an order of its own."""
    lots = np.random.RandomState(SEED)
    kernel = weights[f"{layer}/kernel"]
    columns = kernel.reshape(-1, kernel.shape[-1])
    mixed = np.stack([lots.permutation(column) for column in columns.T], axis=1)
    return {**weights, f"{layer}/kernel": mixed.reshape(kernel.shape)}


def random(weights: Weights) -> Weights:
    """Random weights of the same shapes (K. He et al., "Delving Deep into Rectifiers", 2015)."""
    lots = np.random.RandomState(SEED)
    made = {}
    for name, tensor in weights.items():
        spread = (2 / np.prod(tensor.shape[:-1])) ** 0.5 if tensor.ndim == 4 else 0.0
        made[name] = lots.normal(0, spread, tensor.shape).astype(np.float32)
    return made


def draw(layer: str, filters: list[int], recipe: Recipe, network: Network) -> list[np.ndarray]:
    """The pictures of some filters, as they would be written."""
    ascent = LayerAscent(layer, recipe, network)
    return [
        deprocess(one.picture, recipe.contrast)
        for first in range(0, len(filters), BATCH)
        for one in ascent.draw([Start(filter, 0) for filter in filters[first : first + BATCH]])
    ]


def share(pairs: list[Twins], filters: list[int], threshold: float) -> float:
    """Share of the filters that have a twin at a threshold."""
    found = groups([pair for pair in pairs if pair.score >= threshold], filters)
    return sum(len(group) for group in found if len(group) > 1) / len(filters)


def relative_cost(recipe: Recipe, step: int) -> float:
    """Arithmetic of finding all twins of VGG16, as a share of that of drawing its filters."""
    looking = drawing = 0
    for layer in vgg16.LAYERS:
        looking += layer.filters * cost.twins(layer.name, recipe.size, step, layer.filters)
        drawing += layer.filters * cost.ascent(layer.name, recipe)
    return looking / drawing


def main() -> None:
    """Draw the controls, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results folder of a full run")
    parser.add_argument("--filters", type=int, default=64, help="of every layer (64)")
    parser.add_argument("--save", action="store_true", help="as the control of the atlas's figure")
    parser.add_argument("--figure", type=Path, help="where to save the figure (SVG)")
    arguments = parser.parse_args()
    twins = Config().twins
    first = arguments.results / Path(paths.record(vgg16.LAYERS[0].name, 0)).relative_to(paths.ROOT)
    recipe = Recipe.model_validate(Record.read(first).recipe)
    learnt, _ = canonical.load(arguments.results / "weights" / "vgg16.h5")
    unlearnt = random(learnt)
    lots = np.random.RandomState(SEED)
    shares: dict[str, dict[str, float]] = {name: {} for name in NETWORKS}

    print(f"| layer | network | silent | {' | '.join(f'at {one}' for one in THRESHOLDS)} |")
    print(f"|---|---|---:|{'---:|' * len(THRESHOLDS)}")
    for layer in vgg16.LAYERS:
        count = min(arguments.filters, layer.filters)
        filters = sorted(map(int, lots.choice(layer.filters, count, replace=False)))
        for name in NETWORKS:
            if name == "shuffled":
                made = shuffled(learnt, layer.name)
            else:
                made = unlearnt if name == "random" else learnt
            network = Vgg16({key: tf.constant(one) for key, one in made.items()})
            if name == "VGG16":
                names = [Path(paths.picture(layer.name, one)) for one in filters]
                pictures = [
                    read_png(str(arguments.results / one.relative_to(paths.ROOT))) for one in names
                ]
            else:
                pictures = draw(layer.name, filters, recipe, network)
            least = min(THRESHOLDS)
            found = compare(layer.name, filters, pictures, twins.turn, least, network)
            at = [share(found.pairs, filters, threshold) for threshold in THRESHOLDS]
            shares[name][layer.name] = share(found.pairs, filters, twins.threshold)
            cells = [layer.name, name, str(found.summary.silent), *(f"{one:.1%}" for one in at)]
            print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\nfinding twins / ascent, arithmetic      {relative_cost(recipe, twins.turn):.2f}")
    if arguments.save:
        measured = {name: shares[name] for name in control.NAMES}
        saved = Path(control.__file__).with_name(control.FILE)
        saved.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    if arguments.figure:
        called = {f"{name}, {arguments.filters} of each layer": of for name, of in shares.items()}
        arguments.figure.write_bytes(plots.twins_by_depth(called))


if __name__ == "__main__":
    main()
