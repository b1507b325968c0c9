"""How time and memory grow: with filters, the size of pictures, the batch, cores, and time.

    python benchmarks/growth.py dag       Snakemake's own cost, from 100 filters to 50,000
    python benchmarks/growth.py picture   one filter's ascent, from 64 to 512 pixels
    python benchmarks/growth.py batch     filters at once, from 1 to 32
    python benchmarks/growth.py cores     the whole command for 48 filters, from --cores 1 to 16
    python benchmarks/growth.py long      memory of one worker over 480 filters of six layers

Each prints a table, relative to its first row. More filters than VGG16's 4,224 are those of
ResNet152 with random weights. Its filters are not drawn, only planned (`snakemake --dry-run`).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
LAYER = "block4_conv1"

FILTERS = {
    "VGG16, 8 a layer": ["filters=8"],
    "VGG16, 80 a layer": ["filters=80"],
    "VGG16, all": ["filters=all"],
    "ResNet152, 256 a layer": ["network=resnet152", "weights=random", "filters=256"],
    "ResNet152, all": ["network=resnet152", "weights=random", "filters=all"],
}
SIZES = (64, 96, 128, 192, 256, 384, 512)
BATCHES = (1, 2, 4, 8, 16, 32)
CORES = (1, 2, 4, 8, 16)
LONG = ("block1_conv2", "block2_conv2", "block3_conv3", LAYER, "block4_conv3", "block5_conv1")
"""Layers of the long run, which draws them in this order, twice."""


def measured(command: list[str], folder: Path | None = None) -> tuple[str, float, int]:
    """The output of a command, its processor time, and its peak of memory in bytes."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, error = process.communicate()
    if process.returncode:
        sys.exit(error.decode()[-2000:] or output.decode()[-2000:])
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output.decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


def dag() -> None:
    """Plan more and more jobs."""
    print("| filters | jobs | time per job | memory |\n|---|---:|---:|---:|")
    first: float | None = None
    for name, settings in FILTERS.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.yaml").write_text((REPOSITORY / "config.yaml").read_text())
            (Path(folder) / ".cache").symlink_to(REPOSITORY / ".cache")
            command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all"]
            command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", folder]
            command += ["--config", *settings, "views=none", "dreams=none", "classes=none"]
            # In its own process, so that the usage of its children is that of this run alone.
            inner = [sys.executable, __file__, "measure", json.dumps(command)]
            usage = json.loads(subprocess.run(inner, capture_output=True, check=True).stdout)
        first = first or usage["seconds"] / usage["jobs"]
        relative = usage["seconds"] / usage["jobs"] / first
        memory = usage["bytes"] / 2**30
        print(f"| {name} | {usage['jobs']:,} | × {relative:.2f} | {memory:.2f} GiB |", flush=True)


def measure(command: list[str]) -> None:
    """Run one dry run and say what it took, as JSON."""
    output, seconds, peak = measured(command)
    jobs = next(int(line.split()[1]) for line in output.splitlines() if line.startswith("total"))
    print(json.dumps({"jobs": jobs, "seconds": seconds, "bytes": peak}))


def ascents(recipe_of: "dict[str, tuple[int, int]]") -> None:
    """Time ascents of some sizes and batches; the shortest of three times counts."""
    import tensorflow as tf

    from filter_atlas.networks import arithmetic
    from filter_atlas.networks.vgg16 import Vgg16
    from filter_atlas.optimize.ascent import Initialisation, LayerAscent
    from filter_atlas.settings.recipe import Phase, Recipe
    from filter_atlas.weights import vgg16_tensors

    tensors = vgg16_tensors.random()
    network = Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()})
    print("| | time per filter | per FLOP | memory |\n|---|---:|---:|---:|")
    first: tuple[float, float] | None = None
    for name, (size, batch) in recipe_of.items():
        recipe = Recipe(schedule=(Phase(size=size, steps=4, step_size=4.0),))
        ascent = LayerAscent(LAYER, recipe, network)
        starts = [Initialisation(filter, 0) for filter in range(batch)]
        ascent.draw(starts)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            ascent.draw(starts)
            times.append((time.perf_counter() - began) / batch)
        found = (min(times), min(times) / arithmetic.ascent(LAYER, recipe))
        first = first or found
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        ratios = " | ".join(f"× {one / base:.2f}" for one, base in zip(found, first, strict=True))
        print(f"| {name} | {ratios} | {peak:.2f} GiB |", flush=True)


def cores() -> None:
    """Draw 48 filters by the whole command, with more and more jobs at once."""
    print("| `--cores` | time |\n|---|---:|")
    pictures = [f"results/filters/{LAYER}/{index}.png" for index in range(48)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text((REPOSITORY / "config.yaml").read_text())
        (Path(folder) / ".cache").symlink_to(REPOSITORY / ".cache")
        command = [sys.executable, "-m", "snakemake", "--quiet", "all"]
        command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", folder]
        command += [
            "--config",
            f"filters={{{LAYER}: 48}}",
            "views=none",
            "dreams=none",
            "classes=none",
        ]

        def seconds(count: int, targets: list[str]) -> float:
            began = time.perf_counter()
            run = [*command, "--cores", str(count), "--forcerun", *targets, "--", *targets]
            subprocess.run(run, check=True, capture_output=True)
            return time.perf_counter() - began

        seconds(1, pictures[:1])  # and with it the weights
        first = seconds(CORES[0], pictures)
        print(f"| {CORES[0]} | × 1.00 |", flush=True)
        for count in CORES[1:]:
            print(f"| {count} | × {seconds(count, pictures) / first:.2f} |", flush=True)


def long() -> None:
    """Draw layer after layer in one worker, twice; print its memory after each."""
    import psutil

    from filter_atlas.weights import vgg16_tensors
    from filter_atlas.worker.engine import TensorFlowEngine
    from filter_atlas.worker.task import DrawTask
    from filter_atlas.workflow.preflight import plan_run

    plan = plan_run({"dreams": "none", "classes": "none"})
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "vgg16.h5"
        vgg16_tensors.save(vgg16_tensors.random(), weights)
        engine = TensorFlowEngine("cpu", str(weights))
        print("| filters drawn | layer | memory |\n|---:|---|---:|")
        drawn = 0
        for layer in (*LONG, *LONG):
            for first in range(0, 40, 8):
                tasks = [plan.task(layer, index) for index in range(first, first + 8)]
                for finish in engine.draw([DrawTask.model_validate_json(task) for task in tasks]):
                    finish()
            drawn += 40
            memory = psutil.Process().memory_info().rss / 2**30
            print(f"| {drawn} | {layer} | {memory:.2f} GiB |", flush=True)


def main() -> None:
    """Measure one kind of growth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("dag", "picture", "batch", "cores", "long", "measure"))
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    match arguments.what:
        case "dag":
            dag()
        case "picture":
            ascents({f"{size} px": (size, 4) for size in SIZES})
        case "batch":
            ascents({f"{batch} at once": (128, batch) for batch in BATCHES})
        case "cores":
            cores()
        case "long":
            long()
        case "measure":
            measure(json.loads(arguments.command))


if __name__ == "__main__":
    main()
