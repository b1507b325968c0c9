"""Bring a network's weights into canonical form: VGG16's, or those of the network in the plan.

Usage: python scripts/weights.py WEIGHTS PROVENANCE
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from filter_atlas.config import CACHE
from filter_atlas.environment import NETWORK, ORIGINS
from filter_atlas.files import write_atomically
from filter_atlas.models.source import Source
from filter_atlas.rule import one_line_errors
from filter_atlas.weights import canonical, origins

if __name__ == "__main__":
    with one_line_errors():
        weights, provenance = map(Path, sys.argv[1:])
        say = partial(print, file=sys.stderr)
        if network := os.environ.get(NETWORK):
            from filter_atlas.models import obtain

            record = obtain.obtain(Source.model_validate_json(network), weights, say)
        else:
            tensors, record = origins.obtain(json.loads(os.environ[ORIGINS]), CACHE, say)
            canonical.save(tensors, weights)
        write_atomically(provenance, record.to_json())
