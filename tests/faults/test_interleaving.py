"""Requests in any order, together or one by one, give the same bytes."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filter_atlas.base import digests
from filter_atlas.settings.worker import WorkerSettings
from filter_atlas.weights import vgg16_tensors
from filter_atlas.worker import client
from filter_atlas.worker.endpoint import WorkerEndpoint
from filter_atlas.worker.task import DRAWING, FilterResult, Task
from worker.fakes import FakeEngine, Site, Visitor, Worker, becomes, task

RECIPES = [
    {"schedule": [{"size": 32, "steps": 2, "step_size": 1.0}]},
    {
        "schedule": [
            {"size": 32, "steps": 1, "step_size": 1.0},
            {"size": 48, "steps": 1, "step_size": 1.0},
        ],
        "transforms": [{"roll": 3}],
        "restarts": 2,
    },
    {
        "schedule": [{"size": 32, "steps": 2, "step_size": 0.1}],
        "parametrisation": "fourier",
        "optimiser": "adam",
        "pictures": 2,
        "diversity": 0.5,
    },
]
LAYERS = ["block1_conv1", "block2_conv1"]
TASKS = [
    task(filter, layer, seed=seed, recipe=recipe, code=digests.code_digest(DRAWING))
    for layer, recipe, (filter, seed) in product(LAYERS, RECIPES, [(0, 0), (7, 0), (7, 1), (50, 2)])
]


class Step(NamedTuple):
    """The actions of a client: request a task, then wait for it, disconnect, or wait later."""

    task: int
    then: str


STEPS = st.lists(
    st.builds(
        Step,
        task=st.integers(0, len(TASKS) - 1),
        then=st.sampled_from(["wait", "go away", "later", "later", "later"]),
    ),
    min_size=1,
    max_size=12,
)


class EchoEngine(FakeEngine):
    """Returns the task itself as its results."""

    def _finish(self, drawn: Task) -> FilterResult:
        content = drawn.model_dump_json().encode()
        return FilterResult(content, content[::-1])


class ReferenceWorker:
    """A worker, and the results of each task that is requested alone."""

    def __init__(self, endpoint: WorkerEndpoint) -> None:
        self.endpoint = endpoint
        self.alone = [self.results(self.request(number)) for number in range(len(TASKS))]

    def request(self, number: int) -> Visitor:
        """Request a task, and check that it is queued."""
        visitor = Visitor(self.endpoint).send(TASKS[number], Path(self.endpoint.key).read_text())
        assert visitor.status() == {"status": "queued"}
        return visitor

    def results(self, visitor: Visitor) -> tuple[bytes | None, bytes | None]:
        """The picture and the record that come back."""
        status = visitor.status()
        assert status["status"] == "done", status
        picture, record = visitor.receive(), visitor.receive()
        visitor.leave()
        return picture, record

    def run_steps(self, steps: Sequence[Step]) -> None:
        """Send requests, and check that each client gets the results of its task alone."""
        waiting: list[tuple[int, Visitor]] = []
        for step in steps:
            visitor = self.request(step.task)
            if step.then == "wait":
                assert self.results(visitor) == self.alone[step.task]
            elif step.then == "go away":
                visitor.leave()
            else:
                waiting.append((step.task, visitor))
        for number, visitor in waiting:
            assert self.results(visitor) == self.alone[number]


@pytest.fixture
def echoing(temporary: Path) -> Iterator[ReferenceWorker]:
    """A worker in a thread that returns its tasks as results."""
    endpoint = WorkerEndpoint(str(temporary / "filter-atlas" / "worker"))
    engine = EchoEngine()
    engine.max_batch = 3
    worker = Worker(endpoint, engine.load)
    yield ReferenceWorker(endpoint)
    worker.stop()


@pytest.fixture
def drawing(tmp_path: Path) -> Iterator[ReferenceWorker]:
    """A worker that is a process of its own and draws with random weights."""
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as temporary:
        site = Site(tmp_path, Path(temporary), CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
        site.environment[client.SETTINGS] = WorkerSettings(batch=3).model_dump_json()
        run = subprocess.Popen(["sleep", "86400"])
        site.environment[client.RUN] = str(run.pid)
        vgg16_tensors.save(vgg16_tensors.random(), site.weights)
        try:
            site.log(site.draw(TASKS[0]))
            (endpoint,) = Path(temporary).glob("filter-atlas-*/*")
            yield ReferenceWorker(WorkerEndpoint(str(endpoint)))
        finally:
            run.kill()
            run.wait()
            assert becomes(lambda: not any(Path(temporary).rglob("socket")))
    site.weights.unlink()


def test_every_client_gets_its_own_results_however_requests_come(echoing: ReferenceWorker) -> None:
    given(STEPS)(echoing.run_steps)()


def test_pictures_and_records_are_the_same_bytes_however_requests_come(
    drawing: ReferenceWorker,
) -> None:
    assert len({picture for picture, _ in drawing.alone}) == len(TASKS)
    settings(deadline=None)(given(STEPS)(drawing.run_steps))()
