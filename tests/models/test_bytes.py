"""The bytes of any network's filters, whatever they are drawn with and on however many cores."""

import json
import subprocess
import sys
from pathlib import Path

from filter_atlas import config
from filter_atlas.models.obtain import obtain
from filter_atlas.plan import Plan

LAYER = "conv3_block1_3_conv"
"""Its bytes do depend on batch and threads where TensorFlow is left to itself."""

PROGRAM = """
import json, sys
from hashlib import sha256
from pathlib import Path
from filter_atlas.architecture import CONTEXT
from filter_atlas.models import stored
from filter_atlas.worker.studio import Studio
from filter_atlas.worker.task import Task

weights, threads, calls = sys.argv[1], int(sys.argv[2]), json.loads(sys.stdin.read())
context = {CONTEXT: stored.architecture(Path(weights))}
studio = Studio("cpu", weights, threads, alone=True)
for call in calls:
    tasks = [Task.model_validate_json(task, context=context) for task in call]
    for task, finish in zip(tasks, studio.draw(tasks), strict=True):
        drawn = finish()
        kind = 100 if task.recipe.diversity else 0
        print(task.filter + kind, sha256(drawn.picture + drawn.record).hexdigest())
"""


def digests(weights: Path, threads: int, calls: list[list[str]]) -> dict[int, set[str]]:
    """What a worker's studio makes of some calls to draw: the digests that each filter had."""
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


def test_a_filter_of_any_network_has_the_same_bytes_in_any_company(tmp_path: Path) -> None:
    recipe = {"schedule": [{"size": 64, "steps": 3, "rate": 8.0}], "restarts": 2}
    plan = Plan.of(
        config.read(
            {
                "network": "resnet50",
                "weights": "random",
                "filters": {LAYER: 9},
                "recipe": "short",
                "recipes": {"short": recipe},
                "variants": ["diverse"],
                "dreams": "none",
                "classes": "none",
            }
        )
    )
    weights = tmp_path / "weights.h5"
    assert plan.source
    obtain(plan.source, weights, print)
    tasks = [plan.task(layer, index) for layer, index in plan.filters]

    diverse = [plan.task(layer, index, "diverse") for layer, index in plan.filters[:5]]

    together = digests(weights, 2, [tasks, diverse])
    apart = digests(weights, 1, [tasks[8:], tasks[3:7], tasks[:1], tasks[::-1], diverse[3:]])

    assert set(together) == {*range(9), *range(100, 105)}
    assert all(len(seen) == 1 for seen in together.values())
    assert {filter: together[filter] for filter in apart} == apart
