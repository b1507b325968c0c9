"""Which lower filters make a filter fire? A causal check of the lists of circuits.

    python benchmarks/circuits.py PHOTOS                          200 filters, 250 photographs
    python benchmarks/circuits.py sample --filters 24 --photographs 60

PHOTOS is a folder of photographs, or `sample`; the first ones are used, in the order of their
digests, which is random. Filters of VGG16 are drawn by lot, equally many of each layer that lies on
another one. A filter's exemplars are the nine photographs that fire it most.

Ten lower filters are set to 0, and the filter's activation on each exemplar is computed again, in
the cell in which it fired most (`cell`), and the greatest in any cell (`photograph`): the ten that
contribute most on its exemplars (`evidence`), the ten excitatory ones with the greatest norms
(`weight`), and ten random ones among those that contribute something positive; the mean of several
lots. The ratio is the drop by the first, or the second, over the drop by the third. `all filters`
weighs each layer by its number of filters. Intervals of 95 %: Wilson's for shares, a bootstrap over
filters for medians.
"""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from filter_atlas.base.devices import cores
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.circuits.agreement import strongest_by_weight
from filter_atlas.evidence.observer import Observer
from filter_atlas.evidence.photographs import FoundPhotograph, find_photographs, read_again
from filter_atlas.networks import tensorflow_device
from filter_atlas.networks.base import Network, from_rgb
from filter_atlas.networks.contributions import contributions
from filter_atlas.networks.kernels import Kernel
from filter_atlas.optimize.microbatches import SIZE
from filter_atlas.settings.applications import USUAL_SIZE
from filter_atlas.settings.photos import PhotoSettings
from truth import CACHED, SEED, load_vgg16

EXEMPLARS = 9
REMOVED = 10
"""Number of lower filters that are set to 0."""

LOTS = 5
"""Number of lots of random lower filters."""

ENOUGH = 3.0
"""The ratio that a list should reach."""

LISTS = ("evidence", "weight")


@dataclass
class Subject:
    """A filter that is looked at.

    Attributes:
        layer: name of its layer.
        index: its index.
        photographs: places of its exemplars.
        cells: row and column in which each fires it most.
        fed: the contributions of the lower filters on each exemplar.
        before: its greatest activation on each exemplar.
        after: the same with lower filters set to 0, by the name of the list and by where.
    """

    layer: str
    index: int
    photographs: list[int] = field(default_factory=list)
    cells: list[tuple[int, int]] = field(default_factory=list)
    fed: list[np.ndarray] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    after: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def ratio(self, name: str, where: str) -> float:
        """The drop by a list over the drop by random filters; infinite if these change nothing."""
        lots = [self.after[f"random {lot}", where] for lot in range(LOTS)]
        by_chance = sum(self.before) - float(np.mean(np.sum(lots, axis=1)))
        drop = sum(self.before) - sum(self.after[name, where])
        return drop / by_chance if by_chance > 0 else float("inf") * np.sign(drop)


def draw_lots(count: int) -> list[Subject]:
    """Random filters, equally many of each layer but the first."""
    random = np.random.RandomState(SEED)
    layers = LAYERS[1:]
    each = [count // len(layers) + (place < count % len(layers)) for place in range(len(layers))]
    return [
        Subject(layer.name, int(index))
        for layer, number in zip(layers, each, strict=True)
        for index in random.permutation(layer.filters)[:number]
    ]


def find_exemplars(
    subjects: Sequence[Subject], found: Sequence[FoundPhotograph], network: Network
) -> None:
    """Find the photographs that fire each filter most, and the cells."""
    layers = list(dict.fromkeys(subject.layer for subject in subjects))
    observer = Observer(network, layers, USUAL_SIZE, "", cores())
    rows = []
    for group in groups(found):
        squares = [read_again(one, USUAL_SIZE).square(USUAL_SIZE) for one in group]
        rows += [observation.rows for observation in observer.observe(squares)]
    table = np.stack(rows)
    first = 0
    for layer in layers:
        columns = observer.layout.layers[layer].cells[1]
        for subject in subjects:
            if subject.layer == layer:
                own = table[:, first + subject.index]
                order = np.argsort(-own["maximum"], kind="stable")[:EXEMPLARS]
                fires = [int(place) for place in order if own["maximum"][place] > 0]
                subject.photographs = fires
                subject.cells = [divmod(int(own["cell"][place]), columns) for place in fires]
        first += observer.layout.layers[layer].filters


def groups(found: Sequence[FoundPhotograph]) -> Iterator[Sequence[FoundPhotograph]]:
    """The photographs, a few at a time."""
    for first in range(0, len(found), 2 * SIZE):
        yield found[first : first + 2 * SIZE]


class Inputs:
    """Computes the inputs of layers for photographs, one after the other."""

    def __init__(self, network: Network, layers: Sequence[str]) -> None:
        self._graph = tf.function(
            lambda pixels: network.input_features(from_rgb(pixels), layers),
            autograph=False,
            input_signature=[tf.TensorSpec([1, USUAL_SIZE, USUAL_SIZE, 3], tf.uint8)],
        )

    def of(self, photograph: FoundPhotograph) -> Mapping[str, tf.Tensor]:
        """The inputs by layer: (1, height, width, channels) float32."""
        square = read_again(photograph, USUAL_SIZE).square(USUAL_SIZE)
        inputs: Mapping[str, tf.Tensor] = self._graph(square[np.newaxis])
        return inputs


def by_photograph(subjects: Sequence[Subject]) -> dict[int, list[tuple[Subject, int]]]:
    """The filters that each photograph is an exemplar of, and its place among their exemplars."""
    found: dict[int, list[tuple[Subject, int]]] = {}
    for subject in subjects:
        for place, photograph in enumerate(subject.photographs):
            found.setdefault(photograph, []).append((subject, place))
    return dict(sorted(found.items()))


def contribute(kernel: Kernel, subject: Subject, place: int, inputs: tf.Tensor) -> None:
    """Compute what each lower filter contributes on an exemplar."""
    cell = np.array([[0, *subject.cells[place]]], np.int32)
    chosen = np.array([subject.index], np.int32)
    values = contributions(inputs, kernel, cell, chosen).numpy()[0]
    subject.fed.append(values.astype(np.float64))


def lists_of(kernel: Kernel, subject: Subject) -> dict[str, np.ndarray]:
    """The lower filters that are set to 0, by the name of the list."""
    mean = np.mean(subject.fed, axis=0)
    positive = np.flatnonzero(mean > 0)
    number = [layer.name for layer in LAYERS].index(subject.layer)
    random = np.random.RandomState([SEED, number, subject.index])
    return {
        "evidence": np.argsort(-mean, kind="stable")[:REMOVED],
        "weight": np.array(strongest_by_weight(kernel.of_filter(subject.index), REMOVED), int),
        **{f"random {lot}": random.permutation(positive)[:REMOVED] for lot in range(LOTS)},
    }


def remove(
    network: Network,
    subject: Subject,
    place: int,
    lists: Mapping[str, np.ndarray],
    inputs: tf.Tensor,
) -> None:
    """Compute the filter's activation on an exemplar, with lower filters set to 0."""
    own = tf.constant([subject.index], tf.int32)
    whole = network.pre_activations(inputs, subject.layer, own)
    weights = network.kernel(subject.layer).weights[..., subject.index : subject.index + 1]
    subject.before.append(max(0.0, float(tf.reduce_max(whole))))
    for name, channels in lists.items():
        part = tf.gather(inputs, channels, axis=3)
        removed = tf.nn.conv2d(part, weights[:, :, channels], 1, "SAME")
        left = (whole - removed)[0, :, :, 0].numpy()
        found = {"cell": left[subject.cells[place]], "photograph": left.max()}
        for where, value in found.items():
            subject.after.setdefault((name, where), []).append(max(0.0, float(value)))


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The interval of 95 % of a share (E. B. Wilson, 1927)."""
    z = 1.96
    share = hits / total
    spread = z * float(np.sqrt(share * (1 - share) / total + (z / total / 2) ** 2))
    middle, scale = share + z * z / (2 * total), 1 + z * z / total
    return (middle - spread) / scale, (middle + spread) / scale


def interval_of_median(values: np.ndarray) -> tuple[float, float]:
    """A bootstrap interval of 95 %."""
    random = np.random.RandomState(SEED)
    drawn = values[random.randint(0, len(values), (2000, len(values)))]
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return float(low), float(high)


def row(label: str, subjects: Sequence[Subject], name: str, where: str) -> str:
    """A row of the table."""
    ratios = np.array([subject.ratio(name, where) for subject in subjects])
    hits = int((ratios >= ENOUGH).sum())
    low, high = wilson(hits, len(ratios))
    bounded = np.minimum(ratios, 1e6)
    least, most = interval_of_median(bounded)
    lost = [1 - sum(one.after[name, where]) / sum(one.before) for one in subjects]
    share = f"{hits / len(ratios):.1%} ({low:.1%} to {high:.1%})"
    return (
        f"| {where} | {name} | {label} | {len(ratios)} | {share} | "
        f"{np.median(bounded):.1f} ({least:.1f} to {most:.1f}) | {np.median(lost):.0%} |"
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", help="a folder of photographs, or `sample`")
    parser.add_argument("--filters", type=int, default=200)
    parser.add_argument("--photographs", type=int, default=250)
    arguments = parser.parse_args()
    tensorflow_device.select("cpu")
    _, network = load_vgg16()
    settings = PhotoSettings(folders=(arguments.photos,))
    found = find_photographs(settings, CACHED).photographs[: arguments.photographs]
    drawn = draw_lots(arguments.filters)
    find_exemplars(drawn, found, network)
    subjects = [subject for subject in drawn if subject.photographs]
    layers = list(dict.fromkeys(subject.layer for subject in subjects))
    kernels = {layer: network.kernel(layer) for layer in layers}
    inputs = Inputs(network, layers)
    wanted = by_photograph(subjects)
    for photograph, those in wanted.items():
        features = inputs.of(found[photograph])
        for subject, place in those:
            contribute(kernels[subject.layer], subject, place, features[subject.layer])
    lists = {id(subject): lists_of(kernels[subject.layer], subject) for subject in subjects}
    for photograph, those in wanted.items():
        features = inputs.of(found[photograph])
        for subject, place in those:
            remove(network, subject, place, lists[id(subject)], features[subject.layer])
    silent = len(drawn) - len(subjects)
    print(f"{len(found)} photographs, {len(drawn)} filters, {silent} of them fired by none\n")
    print(f"| where | list | filters | number | ratio ≥ {ENOUGH:g} | median ratio | median loss |")
    print("|---|---|---|---:|---:|---:|---:|")
    blocks: dict[str, list[Subject]] = {}
    for subject in subjects:
        blocks.setdefault(subject.layer.partition("_")[0], []).append(subject)
    for where in ("cell", "photograph"):
        for name in LISTS:
            print(row("drawn", subjects, name, where))
            print(
                f"| {where} | {name} | all filters | | {weighted(subjects, name, where):.1%} | | |"
            )
            for block, members in blocks.items():
                print(row(block, members, name, where))


def weighted(subjects: Sequence[Subject], name: str, where: str) -> float:
    """The share of ratios that are enough, with each layer weighed by its number of filters."""
    hits: dict[str, list[bool]] = {}
    for subject in subjects:
        hits.setdefault(subject.layer, []).append(subject.ratio(name, where) >= ENOUGH)
    sizes = {layer.name: layer.filters for layer in LAYERS if layer.name in hits}
    total = sum(sizes[layer] * float(np.mean(found)) for layer, found in hits.items())
    return total / sum(sizes.values())


if __name__ == "__main__":
    main()
