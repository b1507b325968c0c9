"""Whatever bytes a worker receives, it answers only proper requests with the right key."""

import copy
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from filter_atlas.worker import protocol
from filter_atlas.worker.endpoint import WorkerEndpoint
from filter_atlas.worker.task import Request
from worker.fakes import KEY, FakeEngine, Visitor, Worker, task

PROPER: dict[str, Any] = {"key": KEY, "run": None, "task": task(3)}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([KEY, "block5_conv1", 2**31, 2**63, 10**400, "é" * 100, "\udc80"])
)
NAMES = st.text(max_size=8) | st.sampled_from([*PROPER, *PROPER["task"], "objective", "schedule"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PLACES: list[tuple[str, ...]] = [
    *((name,) for name in PROPER),
    *(("task", name) for name in PROPER["task"]),
    ("task", "recipe", "schedule"),
]


@st.composite
def nearly_proper(draw: st.DrawFn) -> bytes:
    """The message of a proper request, changed at one or two places, or in one or two bytes."""
    request = copy.deepcopy(PROPER)
    for place in draw(st.just([]) | st.lists(st.sampled_from(PLACES), max_size=2)):
        node = request
        for part in place[:-1]:
            node = node[part] if isinstance(node, dict) and part in node else {}
        if isinstance(node, dict):
            node[draw(NAMES | st.just(place[-1]))] = draw(VALUES)
    message = bytearray(json.dumps(request).encode(errors="surrogateescape"))
    for number in draw(st.just([]) | st.lists(st.integers(0, len(message) - 1), max_size=2)):
        message[number] = draw(st.integers(0, 255))
    return bytes(message)


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(protocol.LENGTH_BYTES, "big") + message


BYTES = (
    st.binary(max_size=200)
    | st.builds(bytes.__add__, st.binary(min_size=4, max_size=4), nearly_proper())
    | st.binary(max_size=200).map(_framed)
    | nearly_proper().map(_framed)
    | st.builds(bytes.__add__, nearly_proper().map(_framed), st.binary(max_size=9))
    | st.tuples(nearly_proper().map(_framed), st.integers(0, 300)).map(lambda cut: cut[0][: cut[1]])
)
"""What a stranger sends: any bytes, or a frame that may be wrong, too long, or cut off."""


def _is_proper(sent: bytes) -> bool:
    """Whether these bytes begin with a whole frame with a request and the right key."""
    prefix, rest = sent[: protocol.LENGTH_BYTES], sent[protocol.LENGTH_BYTES :]
    length = int.from_bytes(prefix, "big")
    if len(prefix) < protocol.LENGTH_BYTES or length > min(len(rest), protocol.LONGEST_REQUEST):
        return False
    try:
        return Request.model_validate_json(rest[:length]).key == KEY
    except ValidationError:
        return False


@contextmanager
def _worker(temporary: Path) -> Iterator[WorkerEndpoint]:
    endpoint = WorkerEndpoint(str(temporary / "filter-atlas" / "worker"))
    worker = Worker(endpoint, FakeEngine().load)
    try:
        yield endpoint
    finally:
        worker.stop()


def _answer(endpoint: WorkerEndpoint, sent: bytes) -> bytes:
    """The answer of a worker to these bytes."""
    visitor = Visitor(endpoint)
    answer = b""
    try:
        visitor.socket.sendall(sent)
        visitor.socket.shutdown(socket.SHUT_WR)
        while part := visitor.socket.recv(1 << 16):
            answer += part
    except ConnectionError:
        pass  # the worker has closed the connection before it read everything
    finally:
        visitor.leave()
    return answer


def test_only_proper_requests_are_answered_and_the_worker_lives_on(
    temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(BYTES)
    def send(sent: bytes) -> None:
        answer = _answer(endpoint, sent)
        assert answer.startswith(protocol.frame(b'{"status": "queued"}')) == _is_proper(sent)
        assert bool(answer) == _is_proper(sent)

    with _worker(temporary) as endpoint:
        send()
        visitor = Visitor(endpoint).queue(task(5))
        assert visitor.picture() == b"picture of 5"
        visitor.leave()

    assert caplog.text == ""
