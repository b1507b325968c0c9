"""Requests in any order, together or one by one, give the same bytes."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filter_atlas import digests
from filter_atlas.config import WorkerSettings
from filter_atlas.plan import COMPUTING
from filter_atlas.weights import canonical
from filter_atlas.worker import client
from filter_atlas.worker.home import Home
from filter_atlas.worker.task import Drawn, Task
from worker.fakes import FakeEngine, Site, Visitor, Worker, becomes, task

RECIPES = [
    {"schedule": [{"size": 32, "steps": 2, "rate": 1.0}]},
    {
        "schedule": [{"size": 32, "steps": 1, "rate": 1.0}, {"size": 48, "steps": 1, "rate": 1.0}],
        "transforms": [{"roll": 3}],
        "restarts": 2,
    },
    {
        "schedule": [{"size": 32, "steps": 2, "rate": 0.1}],
        "parametrisation": "fourier",
        "optimiser": "adam",
        "pictures": 2,
        "diversity": 0.5,
    },
]
LAYERS = ["block1_conv1", "block2_conv1"]
TASKS = [
    task(filter, layer, seed=seed, recipe=recipe, code=digests.of_code(COMPUTING))
    for layer, recipe, (filter, seed) in product(LAYERS, RECIPES, [(0, 0), (7, 0), (7, 1), (50, 2)])
]


class Step(NamedTuple):
    """What a client does: ask for a task, then wait for it, go away, or leave it for later."""

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


class TellingEngine(FakeEngine):
    """Draws, for a task, all that the task says."""

    def _finish(self, one: Task) -> Drawn:
        told = one.model_dump_json().encode()
        return Drawn(told, told[::-1])


class Door:
    """A worker, and what it answers to each task when that is all it is asked."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.alone = [self.results(self.ask(number)) for number in range(len(TASKS))]

    def ask(self, number: int) -> Visitor:
        """Ask for a task, and see it in the queue."""
        visitor = Visitor(self.home).say(TASKS[number], Path(self.home.key).read_text())
        assert visitor.status() == {"status": "queued"}
        return visitor

    def results(self, visitor: Visitor) -> tuple[bytes | None, bytes | None]:
        """The picture and the record that come back."""
        status = visitor.status()
        assert status["status"] == "done", status
        picture, record = visitor.hear(), visitor.hear()
        visitor.leave()
        return picture, record

    def play(self, steps: Sequence[Step]) -> None:
        """Ask as the steps say, and see that everybody gets what the task gives alone."""
        waiting: list[tuple[int, Visitor]] = []
        for step in steps:
            visitor = self.ask(step.task)
            if step.then == "wait":
                assert self.results(visitor) == self.alone[step.task]
            elif step.then == "go away":
                visitor.leave()
            else:
                waiting.append((step.task, visitor))
        for number, visitor in waiting:
            assert self.results(visitor) == self.alone[number]


@pytest.fixture
def telling(temporary: Path) -> Iterator[Door]:
    """A worker that lives in a thread and tells its tasks back."""
    home = Home(str(temporary / "filter-atlas" / "home"))
    engine = TellingEngine()
    engine.most_at_once = 3
    worker = Worker(home, engine.load)
    yield Door(home)
    worker.stop()


@pytest.fixture
def drawing(tmp_path: Path) -> Iterator[Door]:
    """A worker that is a process of its own and draws, by random weights."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as temporary:
        site = Site(tmp_path, Path(temporary), CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
        site.environment[client.SETTINGS] = WorkerSettings(batch=3).model_dump_json()
        run = subprocess.Popen(["sleep", "86400"])
        site.environment[client.RUN] = str(run.pid)
        canonical.save(
            {
                name: 0.1 * random.standard_normal(shape, np.float32)
                for name, shape in canonical.SHAPES.items()
            },
            site.weights,
        )
        try:
            site.log(site.ascend(TASKS[0]))
            (home,) = Path(temporary).glob("filter-atlas-*/*")
            yield Door(Home(str(home)))
        finally:
            run.kill()
            run.wait()
            assert becomes(lambda: not any(Path(temporary).rglob("socket")))
    site.weights.unlink()


def test_every_client_gets_its_own_results_however_requests_come(telling: Door) -> None:
    given(STEPS)(telling.play)()


def test_pictures_and_records_are_the_same_bytes_however_requests_come(drawing: Door) -> None:
    assert len({picture for picture, _ in drawing.alone}) == len(TASKS)
    settings(deadline=None)(given(STEPS)(drawing.play))()
