"""The frames in which clients and workers talk."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filter_atlas.worker.protocol import LENGTH_BYTES, LONGEST_REQUEST, frame, length


@given(st.binary(max_size=1000))
def test_a_frame_says_how_long_its_payload_is_and_then_holds_it(payload: bytes) -> None:
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
