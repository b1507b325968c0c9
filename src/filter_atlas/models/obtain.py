"""From where a network comes from to its canonical file."""

from collections.abc import Callable
from pathlib import Path

from filter_atlas.models import stored
from filter_atlas.models.build import build
from filter_atlas.models.graph import architecture, lay_open
from filter_atlas.models.source import Source
from filter_atlas.weights.provenance import APPLICATION, Provenance

_ORIGINS = {"keras": APPLICATION, "random": "random", "own": "own"}


def obtain(source: Source, path: Path, log: Callable[[str], None]) -> Provenance:
    """Build a network with its weights, and write its canonical file.

    Args:
        source: where it comes from.
        path: the file.
        log: takes a line about convolutions that cannot be drawn.

    Raises:
        ModelError: it cannot be built.
        OriginUnavailable: its published weights cannot be had.
        WeightsError: a weight is not finite.
    """
    model = build(source)
    graph = lay_open(model, source.title)
    if graph.hidden:
        log(
            f"{source.title}: {len(graph.hidden)} convolutions are not drawn, for they are inside "
            f"layers of other kinds: {', '.join(graph.hidden)}"
        )
    layers = architecture(graph, source.title)
    digest = stored.save(model, source, layers, path)
    told = {"keras": "Keras Applications", "random": "random numbers", "own": source.title}
    return Provenance(
        _ORIGINS[source.weights], told[source.weights], source.content, digest, source.title
    )
