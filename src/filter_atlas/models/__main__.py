"""`python -m filter_atlas.models SOURCE`: print the architecture of a network, as JSON."""

import sys

from filter_atlas.models.build import build
from filter_atlas.models.graph import architecture, lay_open
from filter_atlas.models.source import Source
from filter_atlas.rule import one_line_errors

if __name__ == "__main__":
    with one_line_errors():
        source = Source.model_validate_json(sys.argv[1])
        graph = lay_open(build(source, with_weights=False), source.title)
        source.check_channels(graph.channels)
        print(architecture(graph, source.title).to_json())
