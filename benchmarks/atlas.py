"""How close a whole run comes to the arithmetic bound.

    python benchmarks/atlas.py            4 filters of every layer
    python benchmarks/atlas.py --full     the full atlas, as in the README
    python benchmarks/atlas.py --full --precision bfloat16
    python benchmarks/atlas.py --count    the arithmetic of the default run; runs nothing

Runs the README's `snakemake` command in a fresh folder. Compares its wall time with the arithmetic
bound: the floating-point operations of ascents (without restarts), measures and twins, divided by
the speed of a 4096×4096 matrix multiplication on all cores. The multiplication is timed before and
after the run, in each precision. Dreams, classes and evidence are left out. Shares and ratios are
valid for other machines; seconds are not.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import psutil

from filter_atlas.base.precision import Precision
from filter_atlas.evidence.family import chunks_of_run
from filter_atlas.networks import arithmetic
from filter_atlas.workflow.families import FAMILIES
from filter_atlas.workflow.plan import Plan
from filter_atlas.workflow.preflight import plan_run

REPOSITORY = Path(__file__).parents[1]

MATRIX_MULTIPLICATION = """
import sys, time, tensorflow as tf
a = tf.cast(tf.random.normal([4096, 4096]), sys.argv[1])
multiply = tf.function(lambda: tf.linalg.matmul(a, a))
multiply()
times = []
for _ in range(12):
    began = time.perf_counter(); multiply().numpy(); times.append(time.perf_counter() - began)
print(2 * 4096**3 / sorted(times)[len(times) // 2])
"""


@dataclass(frozen=True)
class Measured:
    """Time and memory of one run of Snakemake."""

    seconds: float
    peak_bytes: int
    worker_peak_bytes: int


def matrix_speed(precision: Precision = "float32") -> float:
    """Floating-point operations per second of a large matrix multiplication, median of 12."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", MATRIX_MULTIPLICATION, precision]
    run = subprocess.run(command, env=quiet, capture_output=True, text=True, check=True)
    return float(run.stdout)


def run_snakemake(folder: Path, cores: int, filters: object, precision: Precision) -> Measured:
    """Run the whole pipeline in a fresh folder, with the downloads of this repository."""
    cache = REPOSITORY / ".cache"
    cache.mkdir(exist_ok=True)
    (folder / ".cache").symlink_to(cache)
    (folder / "config.yaml").write_text((REPOSITORY / "config.yaml").read_text())
    snakefile = str(REPOSITORY / "Snakefile")
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", str(cores)]
    command += ["--directory", str(folder)]
    command += ["--config", f"filters={json.dumps(filters)}", f"precision={precision}"]
    command += ["dreams=none", "classes=none", "photos=none", "circuits=none", "views=none"]
    began = time.perf_counter()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        peaks = _Peaks(folder)
        process.wait()
        total, worker = peaks.stop()
    if process.returncode != 0:
        sys.exit(f"snakemake failed:\n{(folder / 'log').read_text()[-3000:]}")
    return Measured(time.perf_counter() - began, total, worker)


class _Peaks:
    """Watches the memory of Snakemake, its jobs and the warm worker, every other second."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._total = self._worker = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> tuple[int, int]:
        self._over.set()
        self._thread.join()
        return self._total, self._worker

    def _watch(self) -> None:
        while not self._over.wait(2):
            total = worker = 0
            for process in psutil.process_iter(["cmdline", "cwd", "memory_info"]):
                info = process.info
                if info["memory_info"] and info["cwd"] == self._folder:
                    total += info["memory_info"].rss
                    if "filter_atlas.worker" in (info["cmdline"] or []):
                        worker += info["memory_info"].rss
            self._total, self._worker = max(self._total, total), max(self._worker, worker)


def seconds_drawing(folder: Path) -> float:
    """Seconds that the worker spent drawing, from the logs of all drawing jobs."""
    seconds = 0.0
    for log in (folder / "results" / "logs" / "draw_filter").rglob("*.log"):
        count, batch_seconds = re.findall(r"in a batch of (\d+): ([\d.]+) s", log.read_text())[-1]
        seconds += float(batch_seconds) / int(count)
    return seconds


def filters_arithmetic(plan: Plan) -> dict[str, float]:
    """Floating-point operations of ascents (without restarts), measures and twins of a run."""
    return {
        "ascent": sum(arithmetic.ascent(layer, plan.recipe) for layer, _ in plan.filters),
        "measures": sum(arithmetic.measures(layer, plan.recipe) for layer, _ in plan.filters),
        "twins": family_arithmetic(plan, "twins", "twins"),
    }


def family_arithmetic(plan: Plan, family: str, rule: str, **wildcards: str) -> float:
    """Floating-point operations of a job of a family's rule."""
    (count,) = (one.arithmetic[rule] for one in FAMILIES if one.name == family)
    return count(plan.config, plan.facts.families[family], plan.facts.architecture, wildcards)


def default_run() -> dict[str, float]:
    """Floating-point operations of each part of the default run."""
    plan = plan_run({})
    chunks = chunks_of_run(plan.config, plan.facts.families["evidence"])
    return {
        **filters_arithmetic(plan),
        "evidence": family_arithmetic(plan, "evidence", "heat")
        + sum(family_arithmetic(plan, "evidence", "observe", chunk=chunk) for chunk in chunks),
        "truth": sum(
            family_arithmetic(plan, "truth", "observe_pictures", layer=layer)
            for layer in plan.layer_names
        ),
        "circuits": family_arithmetic(plan, "circuits", "wire"),
        "views": sum(
            family_arithmetic(plan, "views", rule, view=view)
            for rule in ("view", "draw_groups")
            for view in plan.facts.families["views"]
        ),
        "dreams": sum(
            family_arithmetic(plan, "dreams", "dream", dream=name) for name in plan.config.dreams
        ),
        "classes": family_arithmetic(plan, "classes", "classes"),
    }


def count_default_run() -> None:
    """Print the floating-point operations of each part of the default run, in TFLOP."""
    parts = default_run()
    for name, operations in {**parts, "total": sum(parts.values())}.items():
        print(f"{name:9} {operations / 1e12:7.1f} TFLOP")


def main() -> None:
    """Measure one run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the full atlas, not 4 filters a layer")
    parser.add_argument("--filters", type=json.loads, default=4, help="as in config.yaml, as JSON")
    parser.add_argument("--cores", type=int, default=8, help="as in snakemake --cores (8)")
    parser.add_argument("--precision", choices=get_args(Precision), default="float32")
    parser.add_argument("--keep", type=Path, help="new folder to run in and to leave behind")
    parser.add_argument("--count", action="store_true", help="count the default run's arithmetic")
    arguments = parser.parse_args()
    if arguments.count:
        count_default_run()
        return
    filters = "all" if arguments.full else arguments.filters
    without = dict.fromkeys(("dreams", "classes", "photos", "views"), "none")
    plan = plan_run({"filters": filters, **without})

    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=arguments.keep is None)
        precisions = dict.fromkeys(("float32", arguments.precision))
        before = {precision: matrix_speed(precision) for precision in precisions}
        measured = run_snakemake(folder, arguments.cores, filters, arguments.precision)
        after = {precision: matrix_speed(precision) for precision in precisions}
        drawing = seconds_drawing(folder)

    ascent, measures, twins = filters_arithmetic(plan).values()
    speed = {precision: (before[precision] + after[precision]) / 2 for precision in precisions}
    bound = ascent / speed[arguments.precision] + (measures + twins) / speed["float32"]
    drift = after[arguments.precision] / before[arguments.precision]
    print(f"filters drawn                           {len(plan.filters)}")
    print(f"arithmetic of the ascent                {ascent / 1e12:.1f} TFLOP")
    print(f"arithmetic of the measures              {measures / 1e12:.1f} TFLOP")
    print(f"arithmetic of the twins                 {twins / 1e12:.1f} TFLOP")
    print(f"matrix multiply, after / before         {drift:.2f}")
    print(f"wall time / arithmetic bound            {measured.seconds / bound:.2f}")
    print(f"drawing / wall time                     {drawing / measured.seconds:.2f}")
    print(f"drawing / arithmetic bound              {drawing / bound:.2f}")
    print(f"peak memory, all processes              {measured.peak_bytes / 2**30:.2f} GiB")
    print(f"peak memory, the worker                 {measured.worker_peak_bytes / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
