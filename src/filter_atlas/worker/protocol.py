"""What clients and workers say to each other: frames of a length and that many bytes.

The client sends one JSON frame, {"key", "run", "ahead", "task"}. The worker answers with a JSON
frame {"status": "queued"}, and later with {"status": "done", "batch", "seconds"} (how many filters
were drawn together, and how long that took) followed by the frames of the picture and the record,
or with {"status": "failed", "message"}. A request that is not well-formed, or does not know the
key, gets no answer. Nothing is ever unpickled or executed.

Standard library only, and little of it: the client of every ascend job imports this.
"""

LENGTH_BYTES = 4
LONGEST_REQUEST = 1 << 20
LONGEST_ANSWER = 1 << 28


def frame(payload: bytes) -> bytes:
    """A payload with its length in front, as it travels."""
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def length(prefix: bytes, longest: int) -> int:
    """The length that a frame's prefix announces.

    Raises:
        ValueError: it is longer than `longest`.
    """
    announced = int.from_bytes(prefix, "big")
    if announced > longest:
        raise ValueError(f"a frame of {announced} bytes is longer than the {longest} allowed")
    return announced
