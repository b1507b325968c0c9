"""How a worker draws ahead of what it is asked for, and how little of that it may waste."""

import os
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest

from filter_atlas import config as settings
from filter_atlas import environment
from filter_atlas.plan import Plan
from filter_atlas.worker import client, outlook
from filter_atlas.worker.outlook import Lacking, Outlook
from filter_atlas.worker.task import Task

from .fakes import OTHER_RECIPE, FakeEngine, Visitor, Worker, becomes, task

Start = Callable[..., Worker]
Visit = Callable[[], Visitor]

RUN = os.getpid()


@pytest.fixture
def leave_word(tmp_path: Path) -> Callable[..., Path]:
    """Writes what a run lacks: counts of filters by layer."""

    def leave_word(**counts: int) -> Path:
        path = tmp_path / "cpu.json"
        outlook.write(
            [
                Lacking(task=Task.model_validate(task(0, layer)), filters=tuple(range(count)))
                for layer, count in counts.items()
            ],
            path,
        )
        return path

    return leave_word


def filters(batches: list[list[tuple[str, int, int]]]) -> list[list[int]]:
    return [[filter for _, filter, _ in batch] for batch in batches]


def following(known: Outlook) -> list[Task]:
    """What an outlook says comes next."""
    kind = known.next_kind()
    return known.following(kind, 9) if kind else []


def test_a_batch_is_filled_up_with_what_will_be_asked_for_next(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block5_conv1=100)
    start(batch=4)
    engine.go.clear()

    visit().queue(task(0), RUN, path)

    assert becomes(lambda: filters(engine.batches) == [[0, 1, 2, 3]])


def test_what_was_drawn_ahead_is_handed_out_and_drawn_once_only(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block5_conv1=60)
    start(batch=4)

    pictures = [visit().queue(task(filter), RUN, path).picture() for filter in range(60)]

    assert pictures == [f"picture of {filter}".encode() for filter in range(60)]
    assert sorted(chain.from_iterable(filters(engine.batches))) == list(range(60))


def test_a_filter_that_is_asked_for_while_it_is_drawn_ahead_is_not_drawn_again(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block5_conv1=40)
    start(batch=3)
    engine.go.clear()
    first = visit().queue(task(0), RUN, path)
    assert becomes(lambda: filters(engine.batches) == [[0, 1, 2]])

    second = visit().queue(task(1), RUN, path)
    engine.go.set()

    assert (first.picture(), second.picture()) == (b"picture of 0", b"picture of 1")


def test_nobody_waiting_the_worker_draws_on_until_it_has_a_share_of_the_run_at_hand(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block5_conv1=400)
    start(batch=8)

    visit().queue(task(0), RUN, path).picture()

    # The first batch has 7 that nobody has asked for. One batch more fits under a limit of 20.
    assert becomes(lambda: len(engine.batches) == 2)
    assert not becomes(lambda: len(engine.batches) == 3, within=0.2)
    unasked = sum(map(len, engine.batches)) - 1
    assert unasked == 15 <= outlook.MOST_WASTED * 400


def test_never_is_more_drawn_ahead_than_the_share_that_may_be_wasted(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block5_conv1=40)
    start(batch=16)

    visit().queue(task(0), RUN, path).picture()

    assert not becomes(lambda: sum(map(len, engine.batches)) > 1 + 2, within=0.2)


def test_what_is_asked_for_goes_before_what_is_still_to_come(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block4_conv1=100)
    start(batch=4)
    engine.go.clear()
    visit().queue(task(0, "block4_conv1"), RUN, path)
    assert becomes(lambda: len(engine.batches) == 1)
    other = visit().queue(task(7), RUN, path)
    engine.go.set()
    other.picture()

    assert engine.batches[1] == [("block5_conv1", 7, 2)]


def test_at_the_end_of_a_layer_a_batch_is_not_filled_up_from_the_next(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block4_conv1=2, block5_conv1=98)
    start(batch=4)

    visit().queue(task(0, "block4_conv1"), RUN, path).picture()

    assert becomes(lambda: len(engine.batches) == 2)
    assert [batch[0][0] for batch in engine.batches] == ["block4_conv1", "block5_conv1"]
    assert filters(engine.batches)[0] == [0, 1]


def test_a_flaw_in_what_was_drawn_ahead_is_told_to_who_asks_for_it_and_can_be_tried_again(
    start: Start, visit: Visit, engine: FakeEngine, leave_word: Callable[..., Path]
) -> None:
    path = leave_word(block5_conv1=40)
    engine.flaws[1] = RuntimeError("a flaw")
    start(batch=2)
    visit().queue(task(0), RUN, path).picture()

    assert "a flaw" in visit().queue(task(1), RUN, path).failure()
    engine.flaws.clear()
    assert visit().queue(task(1), RUN, path).picture() == b"picture of 1"


def test_a_worker_without_word_of_what_comes_draws_what_it_is_asked_for(
    start: Start, visit: Visit, engine: FakeEngine, tmp_path: Path
) -> None:
    start()

    assert visit().queue(task(0), RUN, tmp_path / "missing.json").picture() == b"picture of 0"
    assert filters(engine.batches) == [[0]]


def test_a_new_run_in_the_same_folder_replaces_what_the_last_one_lacked(
    leave_word: Callable[..., Path],
) -> None:
    known = Outlook()
    known.learn(str(leave_word(block4_conv1=100)), run=1)

    known.learn(str(leave_word(block5_conv1=2)), run=2)

    assert [one.layer for one in following(known)] == ["block5_conv1"] * 2
    assert known.next_kind() is None


def test_other_recipes_of_a_layer_are_not_mixed_in(tmp_path: Path) -> None:
    both = [Task.model_validate(task(recipe=recipe)) for recipe in (OTHER_RECIPE, task()["recipe"])]
    outlook.write([Lacking(task=one, filters=(0, 1)) for one in both], tmp_path / "cpu.json")
    known = Outlook()
    known.learn(str(tmp_path / "cpu.json"), run=1)

    following = known.following(both[1].kind, 9)

    assert [(one.filter, one.recipe) for one in following] == [
        (0, both[1].recipe),
        (1, both[1].recipe),
    ]


def test_a_run_leaves_word_by_device_of_the_filters_that_it_will_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(client.AHEAD, raising=False)
    plan = Plan.of(
        settings.read(
            {
                "filters": {"block1_conv1": 4},
                "devices": ["gpu:0", "gpu:1"],
                "dreams": "none",
                "classes": "none",
            }
        )
    )

    class Wildcards(SimpleNamespace):
        def get(self, name: str) -> str | None:
            return getattr(self, name, None)

    def job(rule: str, index: int) -> SimpleNamespace:
        wildcards = Wildcards(layer="block1_conv1", index=str(index))
        priority = plan.priority("block1_conv1", index)
        return SimpleNamespace(
            rule=SimpleNamespace(name=rule), wildcards=wildcards, priority=priority
        )

    jobs = [job("ascend", 3), job("ascend", 2), job("ascend", 0), job("stitch", 1)]
    dag = SimpleNamespace(needrun_jobs=lambda: jobs)

    environment.look_ahead(plan, SimpleNamespace(local_exec=True, dag=dag))

    coming = {}
    for device in plan.devices:
        known = Outlook()
        known.learn(f"{os.environ[client.AHEAD]}/{device}.json", run=1)
        coming[device] = following(known)
    assert {device: [one.filter for one in tasks] for device, tasks in coming.items()} == {
        "gpu:0": [0, 2],
        "gpu:1": [3],
    }
    assert coming["gpu:0"][0] == Task.model_validate_json(plan.task("block1_conv1", 0))


def test_on_a_cluster_no_word_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(client.AHEAD, raising=False)
    plan = Plan.of(settings.read({"filters": 1, "dreams": "none", "classes": "none"}))

    environment.look_ahead(plan, SimpleNamespace(local_exec=False))

    assert client.AHEAD not in os.environ
