"""How a worker draws filters before they are requested, and how few of them in vain."""

import os
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from filter_atlas.worker import client, prefetch
from filter_atlas.worker.prefetch import PendingFilters, PrefetchQueue
from filter_atlas.worker.task import DrawTask
from filter_atlas.workflow import job_environment
from filter_atlas.workflow.plan import Plan
from filter_atlas.workflow.preflight import plan_run

from .fakes import OTHER_RECIPE, FakeEngine, Visitor, Worker, becomes, task

Start = Callable[..., Worker]
Visit = Callable[[], Visitor]

RUN = os.getpid()


@pytest.fixture
def write_pending(tmp_path: Path) -> Callable[..., Path]:
    """Writes the pending filters of a run: counts by layer."""

    def write_pending(**counts: int) -> Path:
        path = tmp_path / "cpu.json"
        prefetch.write_pending(
            [
                PendingFilters(
                    task=DrawTask.model_validate(task(0, layer)), filters=tuple(range(count))
                )
                for layer, count in counts.items()
            ],
            path,
        )
        return path

    return write_pending


def filters(batches: list[list[tuple[str, int, int]]]) -> list[list[int]]:
    return [[filter for _, filter, _ in batch] for batch in batches]


def take(queue: PrefetchQueue) -> list[DrawTask]:
    """The next tasks of a queue."""
    key = queue.next_key()
    return queue.take(key, 9) if key else []


def test_a_batch_is_filled_up_with_pending_filters(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block5_conv1=100)
    start(batch=4)
    engine.go.clear()

    visit().queue(task(0), RUN, path)

    assert becomes(lambda: filters(engine.batches) == [[0, 1, 2, 3]])


def test_a_prefetched_filter_is_drawn_only_once(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block5_conv1=60)
    start(batch=4)

    pictures = [visit().queue(task(filter), RUN, path).picture() for filter in range(60)]

    assert pictures == [f"picture of {filter}".encode() for filter in range(60)]
    assert sorted(chain.from_iterable(filters(engine.batches))) == list(range(60))


def test_a_filter_that_is_requested_while_it_is_prefetched_is_not_drawn_again(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block5_conv1=40)
    start(batch=3)
    engine.go.clear()
    first = visit().queue(task(0), RUN, path)
    assert becomes(lambda: filters(engine.batches) == [[0, 1, 2]])

    second = visit().queue(task(1), RUN, path)
    engine.go.set()

    assert (first.picture(), second.picture()) == (b"picture of 0", b"picture of 1")


def test_an_idle_worker_prefetches_a_share_of_the_run(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block5_conv1=400)
    start(batch=8)

    visit().queue(task(0), RUN, path).picture()

    # The first batch has 7 that nobody has requested. One more batch fits under a limit of 20.
    assert becomes(lambda: len(engine.batches) == 2)
    assert not becomes(lambda: len(engine.batches) == 3, within=0.2)
    unrequested = sum(map(len, engine.batches)) - 1
    assert unrequested == 15 <= prefetch.MOST_WASTED * 400


def test_no_more_is_prefetched_than_the_share_that_may_be_wasted(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block5_conv1=40)
    start(batch=16)

    visit().queue(task(0), RUN, path).picture()

    assert not becomes(lambda: sum(map(len, engine.batches)) > 1 + 2, within=0.2)


def test_requested_filters_go_before_pending_ones(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block4_conv1=100)
    start(batch=4)
    engine.go.clear()
    visit().queue(task(0, "block4_conv1"), RUN, path)
    assert becomes(lambda: len(engine.batches) == 1)
    other = visit().queue(task(7), RUN, path)
    engine.go.set()
    other.picture()

    assert engine.batches[1] == [("block5_conv1", 7, 2)]


def test_at_the_end_of_a_layer_a_batch_is_not_filled_up_from_the_next(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block4_conv1=2, block5_conv1=98)
    start(batch=4)

    visit().queue(task(0, "block4_conv1"), RUN, path).picture()

    assert becomes(lambda: len(engine.batches) == 2)
    assert [batch[0][0] for batch in engine.batches] == ["block4_conv1", "block5_conv1"]
    assert filters(engine.batches)[0] == [0, 1]


def test_an_error_in_a_prefetched_filter_goes_to_its_client_which_can_try_again(
    start: Start, visit: Visit, engine: FakeEngine, write_pending: Callable[..., Path]
) -> None:
    path = write_pending(block5_conv1=40)
    engine.flaws[1] = RuntimeError("a flaw")
    start(batch=2)
    visit().queue(task(0), RUN, path).picture()

    assert "a flaw" in visit().queue(task(1), RUN, path).failure()
    engine.flaws.clear()
    assert visit().queue(task(1), RUN, path).picture() == b"picture of 1"


def test_a_worker_without_pending_filters_draws_what_is_requested(
    start: Start, visit: Visit, engine: FakeEngine, tmp_path: Path
) -> None:
    start()

    assert visit().queue(task(0), RUN, tmp_path / "missing.json").picture() == b"picture of 0"
    assert filters(engine.batches) == [[0]]


def test_a_new_run_in_the_same_folder_replaces_the_pending_filters_of_the_last(
    write_pending: Callable[..., Path],
) -> None:
    queue = PrefetchQueue()
    queue.load(str(write_pending(block4_conv1=100)), run=1)

    queue.load(str(write_pending(block5_conv1=2)), run=2)

    assert [one.layer for one in take(queue)] == ["block5_conv1"] * 2
    assert queue.next_key() is None


def test_other_recipes_of_a_layer_are_not_mixed_in(tmp_path: Path) -> None:
    both = [
        DrawTask.model_validate(task(recipe=recipe)) for recipe in (OTHER_RECIPE, task()["recipe"])
    ]
    prefetch.write_pending(
        [PendingFilters(task=one, filters=(0, 1)) for one in both], tmp_path / "cpu.json"
    )
    queue = PrefetchQueue()
    queue.load(str(tmp_path / "cpu.json"), run=1)

    tasks = queue.take(both[1].batch_key, 9)

    assert [(one.filter, one.recipe) for one in tasks] == [
        (0, both[1].recipe),
        (1, both[1].recipe),
    ]


def plan_of(**settings: Any) -> Plan:
    return plan_run({"dreams": "none", "classes": "none", **settings})


def test_a_run_writes_its_pending_filters_by_device_in_request_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(client.PENDING, raising=False)
    plan = plan_of(filters={"block1_conv1": 4}, devices=["gpu:0", "gpu:1"])

    class Wildcards(SimpleNamespace):
        def get(self, name: str) -> str | None:
            return getattr(self, name, None)

    def job(rule: str, index: int) -> SimpleNamespace:
        wildcards = Wildcards(layer="block1_conv1", index=str(index))
        priority = plan.priority("block1_conv1", index)
        return SimpleNamespace(
            rule=SimpleNamespace(name=rule), wildcards=wildcards, priority=priority
        )

    jobs = [job("draw_filter", 3), job("draw_filter", 2), job("draw_filter", 0), job("stitch", 1)]
    dag = SimpleNamespace(needrun_jobs=lambda: jobs)

    job_environment.write_pending_filters(plan, SimpleNamespace(local_exec=True, dag=dag))

    pending = {}
    for device in plan.facts.devices:
        queue = PrefetchQueue()
        queue.load(f"{os.environ[client.PENDING]}/{device}.json", run=1)
        pending[device] = take(queue)
    assert {device: [one.filter for one in tasks] for device, tasks in pending.items()} == {
        "gpu:0": [0, 2],
        "gpu:1": [3],
    }
    assert pending["gpu:0"][0] == DrawTask.model_validate_json(plan.task("block1_conv1", 0))


def test_on_a_cluster_no_pending_filters_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(client.PENDING, raising=False)

    job_environment.write_pending_filters(plan_of(filters=1), SimpleNamespace(local_exec=False))

    assert client.PENDING not in os.environ
