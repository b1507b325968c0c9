"""Pictures, records, measures and paths have the same bytes in any company, on any cores."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from filter_atlas.networks.fetch import fetch_network
from filter_atlas.workflow.plan import Plan
from filter_atlas.workflow.preflight import plan_run

FILTERS = {
    "vgg16": {"block3_conv2": 5, "block5_conv3": 3},
    "resnet50": {"conv3_block1_3_conv": 5},
}
"""Layers whose bytes depend on batch and threads under TensorFlow's own defaults."""

KERNELS = {
    "Eigen": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "oneDNN without AVX-512": {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2"},
}
"""Environment variables with which TensorFlow computes as on other kinds of processors."""

RECIPE = {"schedule": [{"size": 64, "steps": 2, "step_size": 8.0}], "restarts": 1}

PROGRAM = """
import io, json, os, sys
from hashlib import sha256
from pathlib import Path
import numpy as np
from filter_atlas.base import paths
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.weights import canonical
from filter_atlas.worker.engine import TensorFlowEngine
from filter_atlas.worker.task import DrawTask, MeasureTask

core, folder, calls = int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.stdin.read())
if core:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

def show(name, content):
    print(name, sha256(content).hexdigest())

for weights, batches, measured in calls:
    context = {CONTEXT: canonical.load_header(Path(weights)).architecture}
    engine = TensorFlowEngine("cpu", weights, threads=1 if core else 3, alone=True)
    for batch in batches:
        tasks = [DrawTask.model_validate_json(task, context=context) for task in batch]
        for task, finish in zip(tasks, engine.draw(tasks), strict=True):
            drawn = finish()
            kind = "diverse" if task.recipe.diversity else None
            show(f"{task.layer}/{task.filter}/{kind}", drawn.picture + drawn.record)
            picture = folder / paths.picture(task.layer, task.filter)
            picture.parent.mkdir(parents=True, exist_ok=True)
            if not kind:
                picture.write_bytes(drawn.picture)
    for task in measured:
        task = MeasureTask.model_validate({**task, "folder": str(folder)}, context=context)
        measures, file, fed = engine.measure(task)()
        for index, values in json.loads(measures)["values"].items():
            show(f"{task.layer}/{index}/measures", json.dumps(values).encode())
        for index, path in zip(task.filters, np.load(io.BytesIO(file))["paths"], strict=True):
            show(f"{task.layer}/{index}/path", path.tobytes())
        for index, values in zip(task.filters, np.load(io.BytesIO(fed))["values"], strict=True):
            show(f"{task.layer}/{index}/fed", values.tobytes())
"""


class Network:
    """A network with random weights, and its tasks."""

    def __init__(self, name: str, folder: Path) -> None:
        self.plan: Plan = plan_run(
            {
                "network": name,
                "weights": "random",
                "filters": FILTERS[name],
                "recipe": "short",
                "recipes": {"short": RECIPE},
                "variants": ["diverse"],
                "photos": "none",
                "views": "none",
                "dreams": "none",
                "classes": "none",
            },
            folder,
        )
        self.weights = folder / f"{name}.h5"
        fetch_network(self.plan.facts.source, ["random"], self.weights, folder, print)

    def draws(self, layer: str, variant: str | None = None) -> list[str]:
        return [self.plan.task(layer, index, variant) for index in range(FILTERS[self.name][layer])]

    @property
    def name(self) -> str:
        return self.weights.stem

    def measures(self, layer: str) -> dict[str, object]:
        return dict(json.loads(self.plan.measure_task(layer)))

    def in_company(self) -> tuple[str, list[list[str]], list[dict[str, object]]]:
        """All filters of a layer in one batch, first to last."""
        layers = list(FILTERS[self.name])
        batches = [self.draws(layer, variant) for layer in layers for variant in (None, "diverse")]
        return str(self.weights), batches, [self.measures(layer) for layer in layers]

    def apart(self) -> tuple[str, list[list[str]], list[dict[str, object]]]:
        """Some filters alone, then all in another order."""
        batches, measured = [], []
        for layer in FILTERS[self.name]:
            own, diverse = self.draws(layer), self.draws(layer, "diverse")
            batches += [own[2:], own[::-1], diverse[1:2]]
            measured += [{**self.measures(layer), "filters": [index]} for index in range(2)]
        return str(self.weights), batches, measured


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Network]:
    folder = tmp_path_factory.mktemp("networks")
    return [Network(name, folder) for name in FILTERS]


def digests(
    calls: list[tuple[str, list[list[str]], list[dict[str, object]]]],
    one_core: bool,
    kernels: str,
    folder: Path,
) -> dict[str, set[str]]:
    """The digests of each result, over some calls of a worker's engine in a new process."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(one_core)), str(folder)],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=True,
        env={**KERNELS[kernels], "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    found: dict[str, set[str]] = {}
    for line in run.stdout.splitlines():
        result, digest = line.split()
        found.setdefault(result, set()).add(digest)
    return found


@pytest.mark.parametrize(
    "kernels",
    [
        "Eigen",
        pytest.param("oneDNN", marks=pytest.mark.long),
        pytest.param("oneDNN without AVX-512", marks=pytest.mark.long),
    ],
)
def test_results_have_the_same_bytes_in_any_company_on_any_number_of_cores(
    networks: list[Network], kernels: str, tmp_path: Path
) -> None:
    company = [network.in_company() for network in networks]
    apart = [network.apart() for network in networks]

    together = digests(company, False, kernels, tmp_path / "together")
    alone = digests(apart, True, kernels, tmp_path / "alone")

    assert all(len(seen) == 1 for seen in together.values())
    assert len(alone) == 5 + 3 + 5 + 3 * (1 + 2 + 2 + 2)
    assert {result: together[result] for result in alone} == alone
