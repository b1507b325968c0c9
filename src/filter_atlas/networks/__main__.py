"""`python -m filter_atlas.networks SOURCE DESCRIPTION`: write what a network is into a file.

The file has two lines of JSON. The first line is the source; a function is called to find its
`content` and `code`. The second line is the architecture. A file, because a function can print
lines of its own, also at the end of the process.
"""

import sys
from pathlib import Path

from filter_atlas.base.script_logging import one_line_errors
from filter_atlas.networks.identity import code_digest, model_digest
from filter_atlas.networks.keras_build import build
from filter_atlas.networks.keras_graph import trace_model
from filter_atlas.settings.network_source import NetworkSource

if __name__ == "__main__":
    with one_line_errors():
        source = NetworkSource.model_validate_json(sys.argv[1])
        model = build(source, with_weights=False)
        if source.kind == "function":
            found = {"content": model_digest(model), "code": code_digest(model)}
            source = source.model_copy(update=found)
        graph = trace_model(model, source.title)
        source.check_channels(graph.channels)
        architecture = graph.architecture(source.title)
        description = f"{source.model_dump_json()}\n{architecture.to_json()}\n"
        Path(sys.argv[2]).write_text(description, "utf-8")
