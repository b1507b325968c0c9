"""The frames of the messages between clients and workers."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filter_atlas.worker.protocol import LENGTH_BYTES, LONGEST_REQUEST, frame, length

from .fakes import measure_task

LONGEST_ARGUMENT = 128 * 1024
"""Bytes of one argument of a command, on Linux; the task is an argument of the job."""


@given(st.binary(max_size=1000))
def test_a_frame_is_the_length_of_its_payload_and_then_the_payload(payload: bytes) -> None:
    framed = frame(payload)

    assert length(framed[:LENGTH_BYTES], LONGEST_REQUEST) == len(payload)
    assert framed[LENGTH_BYTES:] == payload


@example(5, 5)
@example(6, 5)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_frame_is_refused_exactly_if_it_is_longer_than_allowed(size: int, longest: int) -> None:
    prefix = size.to_bytes(LENGTH_BYTES, "big")

    if size > longest:
        with pytest.raises(ValueError, match=f"a frame of {size} bytes is longer than"):
            length(prefix, longest)
    else:
        assert length(prefix, longest) == size


def test_a_layer_of_10_000_filters_can_be_measured_in_one_task() -> None:
    task = json.dumps(measure_task(*range(10_000)))

    assert len(task) < min(LONGEST_ARGUMENT, LONGEST_REQUEST) / 1.5
