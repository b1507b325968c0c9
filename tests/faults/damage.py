"""Damage small files of weights at many places, and read each damaged file.

Usage: python tests/faults/damage.py STEP

In a file of each layout, one bit of every STEP-th byte is flipped (another bit each time), and the
file is cut off at every STEP-th byte. The outcomes are printed as JSON, for `flipped` and `cut`
files: `refused`, `same` (the damage is at a place that is not read) or `other` (a value changed in
a file without a checksum). Any other error ends the program with a traceback; a reader that
crashes or hangs ends it with a signal.
"""

import json
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import small_files
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.weights import formats, vgg16_tensors

SECONDS = 20
"""Limit of the processor time for reading a file; a reader that takes longer hangs."""


def damaged(content: bytes, step: int) -> Iterator[tuple[str, bytes]]:
    """The content with one bit flipped, and cut off, at every `step`-th byte."""
    for number, place in enumerate(range(0, len(content), step)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << number % 8
        yield "flipped", bytes(flipped)
        yield "cut", content[:place]


def outcome(path: Path, digest: str) -> str:
    """The outcome of reading a file."""
    try:
        return "same" if weights_digest(formats.read_weights(path).values()) == digest else "other"
    except WeightsError:
        return "refused"


def limit_processor_time(seconds: int) -> None:
    """Let the system end this process after so much more processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def main() -> None:
    """Damage files, read them, and count the outcomes."""
    step = int(sys.argv[1])
    vgg16_tensors.SHAPES = small_files.SHAPES
    digest = weights_digest(small_files.tensors().values())
    counts: dict[str, dict[str, Counter[str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights"
        for layout, content in small_files.all_layouts().items():
            path.write_bytes(content)
            assert outcome(path, digest) == "same", layout
            counts[layout] = {"flipped": Counter(), "cut": Counter()}
            for damage, damaged_content in damaged(content, step):
                limit_processor_time(SECONDS)
                path.write_bytes(damaged_content)
                counts[layout][damage][outcome(path, digest)] += 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
