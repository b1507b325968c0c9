"""A heat map is the filter's activations on the photograph, as shares of the patch's."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.evidence.heat import SIDE, heat_maps
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import ObservationStore
from filter_atlas.evidence.observer import Observer
from filter_atlas.evidence.photographs import FoundPhotograph, find_photographs
from filter_atlas.evidence.ranking import Ranking
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.readers.scaled_photograph import read_scaled
from filter_atlas.settings.photos import PhotoSettings
from filter_atlas.weights.vgg16_tensors import random
from runs import write_photographs

LAYERS, SIZE = ("block1_conv1", "block3_conv1"), 80


@pytest.fixture(scope="module")
def network() -> Vgg16:
    return Vgg16({name: tf.constant(value) for name, value in random().items()})


@pytest.fixture
def observed(
    tmp_path: Path, network: Vgg16
) -> tuple[list[LayerEvidence], tuple[FoundPhotograph, ...]]:
    """The evidence of some filters on five photographs."""
    settings = PhotoSettings(folders=(str(write_photographs(tmp_path / "photographs", 5)),))
    found = find_photographs(settings, tmp_path / "cache").photographs
    store = ObservationStore(tmp_path / "store")
    chunk = observe_chunk(found, store, lambda: Observer(network, LAYERS, SIZE), print)
    ranking = Ranking([chunk])
    return [ranking.rank(layer, [0, 7], {}, "")[0] for layer in LAYERS], found


def test_a_map_has_the_activations_of_its_filter(
    network: Vgg16, observed: tuple[list[LayerEvidence], tuple[FoundPhotograph, ...]]
) -> None:
    layers, found = observed

    heat = heat_maps(layers, found, network, threads=2, log=print)

    paths = {photograph.digest: photograph.path for photograph in found}
    for layer in layers:
        patches = [
            (index, patch) for index, each in layer.filters.items() for patch in each.patches
        ]
        assert heat[layer.layer].shape[0] == len(patches) > 0
        for (index, patch), shown in zip(patches, heat[layer.layer], strict=True):
            digest = layer.photographs[patch.photograph]
            square = read_scaled(paths[digest], SIZE, print).square(SIZE)
            bgr = tf.constant(square[np.newaxis, ..., ::-1].astype(np.float32))
            features = network.input_features(bgr, [layer.layer])[layer.layer]
            activations = np.maximum(
                network.pre_activations(features, layer.layer)[0, ..., index], 0
            )
            block = -(-layer.cells[0] // SIDE)
            assert max(shown.shape) <= SIDE
            row, column = patch.cell
            assert shown[row // block, column // block] == 255
            expected = activations[:block, :block].max() / patch.activation
            assert abs(int(shown[0, 0]) - 255 * expected) <= 1


def test_a_photograph_that_is_gone_has_maps_of_zero_and_one_line(
    network: Vgg16, observed: tuple[list[LayerEvidence], tuple[FoundPhotograph, ...]]
) -> None:
    layers, found = observed
    found[0].path.unlink()
    lines: list[str] = []

    heat = heat_maps(layers, found, network, 1, lines.append)

    assert len(lines) == 1
    zeros = [(one.max(axis=(1, 2)) == 0).any() for one in heat.values()]
    assert any(zeros)
