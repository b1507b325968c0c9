"""How a worker answers good and bad requests."""

import asyncio
import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from filter_atlas.base.errors import ResultsError, WorkerError
from filter_atlas.settings.worker import WorkerSettings
from filter_atlas.worker import protocol, server
from filter_atlas.worker.endpoint import WorkerEndpoint
from filter_atlas.worker.task import Engine

from .fakes import (
    KEY,
    MEASURED,
    OTHER_RECIPE,
    Clock,
    FakeEngine,
    Visitor,
    Worker,
    becomes,
    measure_task,
    task,
)

Start = Callable[..., Worker]
Visit = Callable[[], Visitor]

FIRST = [("block1_conv1", 63, 2)]
"""The batch of a busy worker."""


@contextmanager
def busy(engine: FakeEngine, visit: Visit) -> Iterator[None]:
    """Keep the worker busy with another task, so that requests gather in its queue."""
    engine.go.clear()
    visit().queue(task(63, "block1_conv1"))
    assert becomes(lambda: engine.batches == [FIRST])
    yield
    engine.go.set()


def test_every_client_gets_the_result_of_its_own_task(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start()
    with busy(engine, visit):
        visitors = [visit().queue(task(filter)) for filter in range(5)]

    pictures = [visitor.picture() for visitor in visitors]

    assert pictures == [f"picture of {filter}".encode() for filter in range(5)]


def test_requests_in_flight_for_the_same_layer_and_recipe_are_drawn_together(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start()
    with busy(engine, visit):
        visitors = [visit().queue(task(filter)) for filter in range(5)]
    for visitor in visitors:
        visitor.picture()

    assert engine.batches == [FIRST, [("block5_conv1", filter, 2) for filter in range(5)]]


def test_a_measure_task_comes_back_as_its_files(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start()

    files = visit().queue(measure_task(0, 5)).files()

    assert files == [f"{kind} of block5_conv1".encode() for kind in MEASURED]
    assert engine.batches == [[("block5_conv1", 0, 0), ("block5_conv1", 5, 0)]]


def test_a_measure_task_shares_no_batch_and_runs_in_request_order(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start()
    with busy(engine, visit):
        drawn = [visit().queue(task(0))]
        measured = [visit().queue(measure_task(filter)) for filter in (1, 2)]
        drawn += [visit().queue(task(3))]
    for visitor in drawn + measured:
        visitor.files()

    assert engine.batches[1:] == [
        [("block5_conv1", 0, 2), ("block5_conv1", 3, 2)],
        [("block5_conv1", 1, 0)],
        [("block5_conv1", 2, 0)],
    ]


def test_a_layer_that_cannot_be_measured_fails_alone_and_with_its_own_message(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    engine.failures[7] = ResultsError("a picture is missing")
    start()
    with busy(engine, visit):
        unlucky = visit().queue(measure_task(7))
        lucky = visit().queue(task(2))

    assert unlucky.failure() == "a picture is missing"
    assert lucky.picture() == b"picture of 2"


def test_a_client_learns_how_many_filters_were_drawn_with_its_own_and_how_long_it_took(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start()
    with busy(engine, visit):
        visitors = [visit().queue(task(filter)) for filter in range(3)]
        engine.pause = 0.2

    statuses = [visitor.status() for visitor in visitors]

    assert [status["batch"] for status in statuses] == [3, 3, 3]
    assert all(0.2 <= status["seconds"] < 2 for status in statuses)


def test_different_layers_or_recipes_never_share_a_batch_and_the_oldest_goes_first(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start()
    tasks = [
        task(0),
        task(1, recipe=OTHER_RECIPE),
        task(2, "block4_conv1"),
        task(3),
        task(4, recipe=OTHER_RECIPE),
    ]
    with busy(engine, visit):
        visitors = [visit().queue(one) for one in tasks]
    for visitor in visitors:
        visitor.picture()

    assert engine.batches[1:] == [
        [("block5_conv1", 0, 2), ("block5_conv1", 3, 2)],
        [("block5_conv1", 1, 3), ("block5_conv1", 4, 3)],
        [("block4_conv1", 2, 2)],
    ]


def test_a_batch_holds_no_more_than_the_setting_allows(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    start(batch=2)
    with busy(engine, visit):
        visitors = [visit().queue(task(filter)) for filter in range(5)]
    for visitor in visitors:
        visitor.picture()

    filters = [[filter for _, filter, _ in batch] for batch in engine.batches[1:]]
    assert filters == [[0, 1], [2, 3], [4]]


def test_requests_that_come_while_the_engine_loads_are_drawn_together(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    engine.loaded.clear()
    start()
    visitors = [visit().queue(task(filter)) for filter in range(3)]

    engine.loaded.set()
    for visitor in visitors:
        visitor.picture()

    assert engine.batches == [[("block5_conv1", filter, 2) for filter in range(3)]]


@pytest.mark.parametrize("loading", [True, False])
def test_the_task_of_a_client_that_disconnects_while_it_waits_is_not_drawn(
    start: Start, visit: Visit, engine: FakeEngine, loading: bool
) -> None:
    if loading:
        engine.loaded.clear()
    start()
    if not loading:
        engine.go.clear()
        visit().queue(task(63, "block1_conv1"))
        assert becomes(lambda: engine.batches == [FIRST])
    impatient = visit().queue(task(0))
    impatient.leave()
    patient = [visit().queue(task(filter)) for filter in (1, 2)]

    engine.loaded.set()
    engine.go.set()
    for visitor in patient:
        visitor.picture()

    assert engine.batches[-1] == [("block5_conv1", 1, 2), ("block5_conv1", 2, 2)]


def test_a_client_that_is_killed_before_it_reads_its_answer_leaves_no_trace_in_the_log(
    start: Start, visit: Visit, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    worker = start()
    with busy(engine, visit):
        killed = visit().send(task(0))
        time.sleep(0.1)
        killed.leave()  # its answer is unread, so the worker sees a reset
    visit().queue(task(1)).picture()

    worker.stop()

    gc.collect()  # asyncio logs errors that nobody looked at when they are collected
    assert caplog.text == ""


def test_a_batch_that_fails_fails_alone_and_with_its_own_message(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    engine.failures[0] = WorkerError("the device is on fire")
    start()
    with busy(engine, visit):
        unlucky = [visit().queue(task(filter)) for filter in (0, 1)]
        lucky = visit().queue(task(2, "block4_conv1"))

    messages = [visitor.failure() for visitor in unlucky]

    assert messages == ["the device is on fire"] * 2
    assert lucky.picture() == b"picture of 2"
    assert visit().queue(task(3)).picture() == b"picture of 3"


def test_an_error_that_is_not_ours_comes_with_its_traceback(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    engine.failures[0] = ZeroDivisionError("by nought")
    start()

    message = visit().queue(task(0)).failure()

    assert message.startswith("Traceback")
    assert message.endswith("ZeroDivisionError: by nought")


class ResourceExhaustedError(Exception):
    """Called as TensorFlow's own is."""


@pytest.mark.parametrize("lack", [MemoryError, ResourceExhaustedError])
def test_a_lack_of_memory_is_one_line_with_the_remedy(
    start: Start, visit: Visit, engine: FakeEngine, lack: type[Exception]
) -> None:
    engine.failures[0] = lack("cannot allocate 9 MiB\nby this and that")
    start()

    message = visit().queue(task(0)).failure()

    assert message.startswith("the worker is out of memory (cannot allocate 9 MiB); lower `worker")


def test_an_error_in_encoding_fails_only_its_own_request(
    start: Start, visit: Visit, engine: FakeEngine
) -> None:
    engine.flaws[0] = WorkerError("out of bounds")
    start()
    with busy(engine, visit):
        flawed, flawless = (visit().queue(task(filter)) for filter in (0, 1))

    assert flawed.failure() == "out of bounds"
    assert flawless.picture() == b"picture of 1"
    assert len(engine.batches) == 2


def test_an_engine_that_cannot_be_loaded_fails_every_request_with_the_reason(
    endpoint: WorkerEndpoint, visit: Visit
) -> None:
    def load() -> Engine:
        raise WorkerError("there is no such device")

    worker = Worker(endpoint, load)
    try:
        messages = [visit().queue(task(filter)).failure() for filter in range(2)]
    finally:
        worker.stop()

    assert messages == ["there is no such device"] * 2


def _request(**changes: object) -> bytes:
    request = {"key": KEY, "run": None, "task": task(), **changes}
    return protocol.frame(json.dumps(request).encode())


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(_request(key="another key"), id="a wrong key"),
        pytest.param(_request(key=""), id="an empty key"),
        pytest.param(_request(key="\udc80"), id="a key that is no text"),
        pytest.param(_request(run=-1), id="an impossible run"),
        pytest.param(_request(task=task(512)), id="a filter that the layer does not have"),
        pytest.param(_request(task=task(layer="block9_conv1")), id="an unknown layer"),
        pytest.param(
            _request(task=measure_task(0, 512)), id="filters that the layer does not have"
        ),
        pytest.param(_request(task=measure_task()), id="no filter to measure"),
        pytest.param(_request(extra=1), id="a field too many"),
        pytest.param(protocol.frame(b"\x80\x04N."), id="a pickle"),
        pytest.param(protocol.frame(b"[" * 100_000), id="brackets without end"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param((2**31).to_bytes(4, "big"), id="a length of 2 GB"),
        pytest.param(protocol.frame(b""), id="nothing"),
    ],
)
def test_a_request_with_a_wrong_key_or_content_gets_no_answer(
    start: Start,
    visit: Visit,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    words: bytes,
) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 3600)
    start()
    stranger = visit()

    stranger.socket.sendall(words)

    assert stranger.receive() is None
    assert caplog.text == ""
    assert visit().queue(task(1)).picture() == b"picture of 1"
    assert engine.batches == [[("block5_conv1", 1, 2)]]


@pytest.mark.parametrize("words", [b"", _request()[:2], _request()[:-1]])
def test_a_client_that_does_not_finish_its_request_is_disconnected_and_delays_no_other(
    start: Start,
    visit: Visit,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    words: bytes,
) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 10)
    start()
    stranger = visit()
    stranger.socket.sendall(words)

    assert visit().queue(task(1)).picture() == b"picture of 1"
    assert stranger.receive() is None
    assert visit().queue(task(2)).picture() == b"picture of 2"
    assert caplog.text == ""


def test_a_client_that_disconnects_within_its_request_harms_no_other(
    start: Start, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    start()
    stranger = visit()
    stranger.socket.sendall(_request()[:-1])

    stranger.leave()

    assert visit().queue(task(1)).picture() == b"picture of 1"
    assert caplog.text == ""


def test_a_slow_reader_gets_a_long_result_whole_from_a_worker_that_is_about_to_end(
    start: Start, visit: Visit, engine: FakeEngine, clock: Clock
) -> None:
    engine.size = 3_000_000
    start(idle_seconds=60)
    slow = visit().queue(task(0))

    clock.advance(61)
    time.sleep(0.5)
    picture = slow.picture()

    assert picture == b"picture of 0".ljust(engine.size)


def test_a_closed_worker_answers_no_request(
    endpoint: WorkerEndpoint, visit: Visit, engine: FakeEngine
) -> None:
    endpoint.create()

    async def serve() -> bytes | None:
        closed = server.Server(KEY, engine.load, WorkerSettings())
        closed.closed = True
        async with await asyncio.start_unix_server(closed.serve, endpoint.socket):
            return await asyncio.to_thread(visit().send(task()).receive)

    assert asyncio.run(serve()) is None


def test_encoding_one_batch_does_not_keep_the_next_from_being_drawn(
    start: Start, visit: Visit, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = threading.Event()
    finish = engine._finish
    monkeypatch.setattr(engine, "_finish", lambda one: encode.wait() and finish(one))
    start()
    first = visit().queue(task(0))
    second = visit().queue(task(1, "block4_conv1"))

    assert becomes(lambda: len(engine.batches) == 2)

    encode.set()
    assert (first.picture(), second.picture()) == (b"picture of 0", b"picture of 1")
