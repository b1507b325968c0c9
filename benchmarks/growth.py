"""How time and memory grow: with filters, with the size of pictures, with the batch.

    python benchmarks/growth.py dag       Snakemake's own cost, from 100 filters to 50,000
    python benchmarks/growth.py picture   one filter's ascent, from 64 to 512 pixels
    python benchmarks/growth.py batch     filters at once, from 1 to 32

Each prints a table, relative to its first row. Filters beyond VGG16's 4,224 are those of ResNet152
with random weights, of which nothing is drawn: only the plan is made (`snakemake --dry-run`).
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


def measured(command: list[str], folder: Path | None = None) -> tuple[str, float, int]:
    """What a command prints, the processor time it takes, and its memory at the peak, in bytes."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, error = process.communicate()
    if process.returncode:
        sys.exit(error.decode()[-2000:] or output.decode()[-2000:])
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output.decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


def dag() -> None:
    """Make the plan of more and more jobs."""
    print("| filters | jobs | time per job | memory |\n|---|---:|---:|---:|")
    first: float | None = None
    for name, settings in FILTERS.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.yaml").write_text((REPOSITORY / "config.yaml").read_text())
            (Path(folder) / ".cache").symlink_to(REPOSITORY / ".cache")
            command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all"]
            command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", folder]
            command += ["--config", *settings, "dreams=none", "classes=none"]
            # A process of its own, so that its children's usage is that of this one run.
            inner = [sys.executable, __file__, "measure", json.dumps(command)]
            told = json.loads(subprocess.run(inner, capture_output=True, check=True).stdout)
        first = first or told["seconds"] / told["jobs"]
        relative = told["seconds"] / told["jobs"] / first
        memory = told["bytes"] / 2**30
        print(f"| {name} | {told['jobs']:,} | × {relative:.2f} | {memory:.2f} GiB |", flush=True)


def measure(command: list[str]) -> None:
    """Run one dry run and say what it took, as JSON."""
    output, seconds, peak = measured(command)
    jobs = next(int(line.split()[1]) for line in output.splitlines() if line.startswith("total"))
    print(json.dumps({"jobs": jobs, "seconds": seconds, "bytes": peak}))


def ascents(recipe_of: "dict[str, tuple[int, int]]") -> None:
    """Time ascents of some sizes and batches, each in turn, the shortest of three."""
    import tensorflow as tf

    from filter_atlas import cost
    from filter_atlas.ascent import LayerAscent, Start
    from filter_atlas.network import Vgg16
    from filter_atlas.recipe import Phase, Recipe
    from filter_atlas.weights import canonical

    tensors = canonical.random()
    network = Vgg16({name: tf.constant(tensor) for name, tensor in tensors.items()})
    print("| | time per filter | per FLOP | memory |\n|---|---:|---:|---:|")
    first: tuple[float, float] | None = None
    for name, (size, batch) in recipe_of.items():
        recipe = Recipe(schedule=(Phase(size=size, steps=4, rate=4.0),))
        ascent = LayerAscent(LAYER, recipe, network)
        starts = [Start(filter, 0) for filter in range(batch)]
        ascent.draw(starts)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            ascent.draw(starts)
            times.append((time.perf_counter() - began) / batch)
        found = (min(times), min(times) / cost.ascent(LAYER, recipe))
        first = first or found
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        ratios = " | ".join(f"× {one / base:.2f}" for one, base in zip(found, first, strict=True))
        print(f"| {name} | {ratios} | {peak:.2f} GiB |", flush=True)


def main() -> None:
    """Measure one kind of growth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("dag", "picture", "batch", "measure"))
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
        case "measure":
            measure(json.loads(arguments.command))


if __name__ == "__main__":
    main()
