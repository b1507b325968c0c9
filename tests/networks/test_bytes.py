"""A filter of any network has the same bytes in any batch, on any number of cores."""

import json
import subprocess
import sys
from pathlib import Path

from filter_atlas.networks.fetch import fetch_network
from filter_atlas.workflow.preflight import plan_run

LAYER = "conv3_block1_3_conv"
"""A layer whose bytes depend on batch and threads under TensorFlow's own defaults."""

PROGRAM = """
import json, sys
from hashlib import sha256
from pathlib import Path
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.weights import canonical
from filter_atlas.worker.engine import TensorFlowEngine
from filter_atlas.worker.task import DrawTask

weights, threads, calls = sys.argv[1], int(sys.argv[2]), json.loads(sys.stdin.read())
context = {CONTEXT: canonical.load_header(Path(weights)).architecture}
engine = TensorFlowEngine("cpu", weights, threads, alone=True)
for call in calls:
    tasks = [DrawTask.model_validate_json(task, context=context) for task in call]
    for task, finish in zip(tasks, engine.draw(tasks), strict=True):
        drawn = finish()
        kind = 100 if task.recipe.diversity else 0
        print(task.filter + kind, sha256(drawn.picture + drawn.record).hexdigest())
"""


def digests(weights: Path, threads: int, calls: list[list[str]]) -> dict[int, set[str]]:
    """The digests of each filter's results, over some calls of a worker's engine."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(weights), str(threads)],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[int, set[str]] = {}
    for line in run.stdout.splitlines():
        filter, digest = line.split()
        found.setdefault(int(filter), set()).add(digest)
    return found


def test_a_filter_of_any_network_has_the_same_bytes_in_any_batch(tmp_path: Path) -> None:
    recipe = {"schedule": [{"size": 64, "steps": 3, "step_size": 8.0}], "restarts": 2}
    plan = plan_run(
        {
            "network": "resnet50",
            "weights": "random",
            "filters": {LAYER: 9},
            "recipe": "short",
            "recipes": {"short": recipe},
            "variants": ["diverse"],
            "dreams": "none",
            "classes": "none",
        },
        tmp_path,
    )
    weights = tmp_path / "weights.h5"
    fetch_network(plan.facts.source, [], weights, tmp_path, print)
    tasks = [plan.task(layer, index) for layer, index in plan.filters]

    diverse = [plan.task(layer, index, "diverse") for layer, index in plan.filters[:5]]

    together = digests(weights, 2, [tasks, diverse])
    apart = digests(weights, 1, [tasks[8:], tasks[3:7], tasks[:1], tasks[::-1], diverse[3:]])

    assert set(together) == {*range(9), *range(100, 105)}
    assert all(len(seen) == 1 for seen in together.values())
    assert {filter: together[filter] for filter in apart} == apart
