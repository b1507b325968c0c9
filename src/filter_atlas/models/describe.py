"""The architecture of a network at the time of the plan, without TensorFlow in this process.

Another process builds the network once; what it found is kept, so that the next plan is quick.
"""

import subprocess
import sys
from pathlib import Path

from filter_atlas import digests
from filter_atlas.architecture import Architecture
from filter_atlas.errors import ModelError
from filter_atlas.files import write_atomically
from filter_atlas.models.source import Source

CODE = ("models", "architecture.py", "feed.py")
"""The modules on which it depends what is found of a network, or that it is refused."""


def describe(source: Source, cache: Path) -> Architecture:
    """The architecture of a network.

    Args:
        source: where the network comes from.
        cache: folder in which architectures are kept.

    Raises:
        ModelError: it cannot be built, or has nothing to draw.
    """
    code = digests.of_code(CODE)[:12]
    kept = cache / "networks" / f"{source.fingerprint}-{code}.json"
    try:
        return Architecture.from_json(kept.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        found = _built(source)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, found)
    return Architecture.from_json(found)


def _built(source: Source) -> bytes:
    command = [sys.executable, "-m", "filter_atlas.models", source.model_dump_json()]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        lines = run.stderr.strip().splitlines() or ["it left no message"]
        errors = [line for line in lines if line.startswith("Error: ")]
        raise ModelError((errors or lines)[-1].removeprefix("Error: "))
    return run.stdout.splitlines()[-1].encode()
