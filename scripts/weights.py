"""Bring VGG16's weights into canonical form, from the first origin that has them.

Usage: python scripts/weights.py WEIGHTS PROVENANCE
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from filter_atlas.environment import ORIGINS
from filter_atlas.files import write_atomically
from filter_atlas.rule import one_line_errors
from filter_atlas.weights import canonical, origins

if __name__ == "__main__":
    with one_line_errors():
        weights, provenance = map(Path, sys.argv[1:])
        say = partial(print, file=sys.stderr)
        tensors, record = origins.obtain(json.loads(os.environ[ORIGINS]), Path(".cache"), say)
        canonical.save(tensors, weights)
        write_atomically(provenance, record.to_json())
