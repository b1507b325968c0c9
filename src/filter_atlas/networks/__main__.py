"""`python -m filter_atlas.networks SOURCE`: print the architecture of a network, as JSON."""

import sys

from filter_atlas.base.script_logging import one_line_errors
from filter_atlas.networks.keras_build import build
from filter_atlas.networks.keras_graph import trace_model
from filter_atlas.settings.network_source import NetworkSource

if __name__ == "__main__":
    with one_line_errors():
        source = NetworkSource.model_validate_json(sys.argv[1])
        graph = trace_model(build(source, with_weights=False), source.title)
        source.check_channels(graph.channels)
        print(graph.architecture(source.title).to_json())
