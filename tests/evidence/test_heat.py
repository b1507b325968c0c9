"""A heat map has a filter's activations on a photograph; a path has all filters' in a cell."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.evidence.heat import SIDE, map_patches
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import ObservationStore
from filter_atlas.evidence.observer import Observer
from filter_atlas.evidence.photographs import FoundPhotograph, find_photographs
from filter_atlas.evidence.ranking import TOP, Ranking
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


def test_a_map_and_a_path_have_the_activations_of_the_network(
    network: Vgg16, observed: tuple[list[LayerEvidence], tuple[FoundPhotograph, ...]]
) -> None:
    layers, found = observed

    maps = map_patches(layers, found, network, threads=2, log=print)

    files = {photograph.digest: photograph.path for photograph in found}
    for layer in layers:
        heat, paths = iter(maps[layer.layer].heat), maps[layer.layer].paths
        block = -(-layer.cells[0] // SIDE)
        for (index, each), rows in zip(layer.filters.items(), paths, strict=True):
            assert len(rows) == TOP > len(each.top) > 0
            for rank, patch in enumerate(each.patches):
                digest = layer.photographs[patch.photograph]
                square = read_scaled(files[digest], SIZE, print).square(SIZE)
                bgr = tf.constant(square[np.newaxis, ..., ::-1].astype(np.float32))
                features = network.input_features(bgr, [layer.layer])[layer.layer]
                activations = np.maximum(network.pre_activations(features, layer.layer)[0], 0)
                row, column = patch.cell
                shown = next(heat)
                assert max(shown.shape) <= SIDE
                assert shown[row // block, column // block] == 255
                expected = activations[:block, :block, index].max() / patch.activation
                assert abs(int(shown[0, 0]) - 255 * expected) <= 1
                if rank < len(each.top):
                    cell = activations[row, column]
                    np.testing.assert_allclose(rows[rank], cell / cell.max(), atol=1e-3)
            assert not rows[len(each.top) :].any()
        assert next(heat, None) is None


def test_a_photograph_that_is_gone_has_maps_of_zero_and_one_line(
    network: Vgg16, observed: tuple[list[LayerEvidence], tuple[FoundPhotograph, ...]]
) -> None:
    layers, found = observed
    found[0].path.unlink()
    lines: list[str] = []

    maps = map_patches(layers, found, network, 1, lines.append)

    assert len(lines) == 1
    for layer in layers:
        gone = layer.photographs.index(found[0].digest)
        patches = [patch for each in layer.filters.values() for patch in each.patches]
        is_gone = [patch.photograph == gone for patch in patches]
        one = maps[layer.layer]
        np.testing.assert_array_equal(one.heat.max(axis=(1, 2)) == 0, is_gone)
        known = one.paths.any(axis=-1).sum(axis=1).tolist()
        assert known == [
            sum(patch.photograph != gone for patch in each.top) for each in layer.filters.values()
        ]
