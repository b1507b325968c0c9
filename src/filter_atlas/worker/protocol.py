"""The messages between clients and workers: frames, each a length and that many bytes.

The client sends one JSON frame, {"key", "run", "pending", "task"}. The worker answers with a JSON
frame {"status": "queued"}. Later it sends {"status": "done", "batch", "seconds", "files"}: how many
tasks were run together, how long that took, and how many files come back. Then it sends one frame
for each file, with its content. For a task that fails it sends {"status": "failed", "message"}. A
request that is not well-formed, or has the wrong key, gets no answer. Nothing is ever unpickled or
executed.

Imports nothing: the client of every job loads this module.
"""

LENGTH_BYTES = 4
LONGEST_REQUEST = 1 << 20
LONGEST_ANSWER = 1 << 28


def frame(payload: bytes) -> bytes:
    """A payload with its length in front, as it is sent."""
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
