"""Damage small files of weights in every way that is asked for, and read each.

Usage: python tests/faults/damage.py STEP

Every STEP-th byte of a file of each layout has a bit flipped (another one each time), and every
file is cut off at every STEP-th byte. What comes of it is printed as JSON, for files that are
`flipped` and `cut`: `refused`, `same` (the damage is where nothing is read) or `other` (a value
changed, in a file that has no checksum). Ends with a traceback where anything else happens, and by
a signal where the reader crashes or hangs.
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
from filter_atlas.errors import WeightsError
from filter_atlas.weights import canonical, formats

SECONDS = 20
"""Of processor time, for reading a file; where it takes longer the reader hangs."""


def damaged(content: bytes, step: int) -> Iterator[tuple[str, bytes]]:
    """The content with one bit flipped, and cut off, at every `step`-th byte."""
    for number, place in enumerate(range(0, len(content), step)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << number % 8
        yield "flipped", bytes(flipped)
        yield "cut", content[:place]


def outcome(path: Path, digest: str) -> str:
    """What comes of reading a file."""
    try:
        return "same" if canonical.digest(formats.read(path)) == digest else "other"
    except WeightsError:
        return "refused"


def limit_processor_time(seconds: int) -> None:
    """Have the system end this process when it has computed for so long from now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def main() -> None:
    """Damage, read, count."""
    step = int(sys.argv[1])
    canonical.SHAPES = small_files.SHAPES
    digest = canonical.digest(small_files.tensors())
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
