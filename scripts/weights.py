"""Fetch a run's network with its weights, and write its canonical file and its provenance.

Usage: python scripts/weights.py NETWORK ORIGINS WEIGHTS PROVENANCE

NETWORK is a `NetworkSource` and ORIGINS the list of origins, both as JSON.
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.paths import CACHE
from filter_atlas.base.script_logging import log_line, one_line_errors
from filter_atlas.networks.fetch import fetch_network
from filter_atlas.settings.network_source import NetworkSource

if __name__ == "__main__":
    # Keras prints on standard output. The log is standard error.
    with one_line_errors(), redirect_stdout(sys.stderr):
        network, origins, weights, provenance = sys.argv[1:]
        source = NetworkSource.model_validate_json(network)
        record = fetch_network(source, json.loads(origins), Path(weights), Path(CACHE), log_line)
        write_atomically(provenance, record.to_json())
