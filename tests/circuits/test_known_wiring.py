"""A network whose wiring is known: everything is found, and nothing is invented."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers

from filter_atlas.circuits.layer import Computed, layer_circuits, wire
from filter_atlas.circuits.record import LayerCircuits
from filter_atlas.circuits.tiles import from_tile
from filter_atlas.measure.contributions import Contributions, LayerContributions
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.keras_network import KerasNetwork
from linear_networks import SOURCE

LOWER, UPPER = 12, 10
PLANTED = {
    (2, 0): 3.0, (5, 0): -2.0, (7, 0): 1.0,
    (2, 1): 2.0, (7, 1): 0.5,
    (1, 2): 4.0, (3, 2): -1.0,
    **{(8, upper): 1.0 for upper in range(3, 6)},
    **{(9, upper): 1.0 for upper in range(6, 10)},
}  # fmt: skip
"""The weight between each pair of a lower and an upper filter that are wired."""

BLIND = 11
"""A lower filter that feeds nothing."""


@pytest.fixture(scope="module")
def circuits() -> dict[str, LayerCircuits]:
    """The circuits of a network with the planted wiring, on random pictures."""
    network = KerasNetwork(_network(), SOURCE)
    names = list(network.graph.convolutions)
    wired = wire(network, names)
    pixels = np.random.RandomState(1).randint(0, 256, (LOWER, 24, 24, 3)).astype(np.uint8)
    found = {}
    with ThreadPoolExecutor(1) as pool:
        for layer, filters in (("lower", LOWER), ("upper", UPPER)):
            responses = LayerResponses(layer, network).to_pictures(pixels[:filters], range(filters))
            fed: dict[int, Contributions] = {}
            for index, response in enumerate(responses):
                assert response.contributions
                fed[index] = response.contributions
            on_pictures = LayerContributions.of_filters(fed)
            computed = Computed("weights", "CPU", {})
            found[layer] = layer_circuits(
                layer, network, wired, on_pictures, {}, [4, 5], pool, computed
            )
    return found


def _network() -> keras.Model:
    """Every lower filter looks at one pixel; an upper filter has one tap for each planted pair."""
    picture = keras.Input((None, None, 3))
    lower = layers.Conv2D(LOWER, 1, activation="relu", name="lower")(picture)
    pooled = layers.MaxPooling2D()(lower)
    model = keras.Model(picture, layers.Conv2D(UPPER, 3, padding="same", name="upper")(pooled))
    colours = np.random.RandomState(0).uniform(0.1, 1, (1, 1, 3, LOWER))
    model.get_layer("lower").set_weights([colours, np.full(LOWER, 0.5)])
    kernel = np.zeros((3, 3, LOWER, UPPER))
    for (below, above), weight in PLANTED.items():
        kernel[1, 2, below, above] = weight
    model.get_layer("upper").set_weights([kernel, np.full(UPPER, -0.25)])
    return model


def test_every_planted_source_is_found_with_its_sign_and_no_other(
    circuits: dict[str, LayerCircuits],
) -> None:
    upper = circuits["upper"]

    found = {
        (other.filter, index): other.weight
        for index, one in upper.filters.items()
        for other in (*one.sources.excitatory, *one.sources.inhibitory)
    }

    assert found == PLANTED
    assert [one.layer for one in upper.sources] == ["lower"]
    assert upper.sources[0].between == ("ReLU", "max pooling")
    strongest = upper.filters[0].sources.excitatory[0]
    assert (strongest.filter, strongest.norm) == (2, 3.0)
    np.testing.assert_array_equal(from_tile(strongest.tile), [[0, 0, 0], [0, 0, 1], [0, 0, 0]])


def test_every_planted_target_is_found_and_no_other(circuits: dict[str, LayerCircuits]) -> None:
    lower = circuits["lower"]

    found = {
        (index, other.filter): other.weight
        for index, one in lower.filters.items()
        for other in (*one.targets.excitatory, *one.targets.inhibitory)
    }

    assert found == PLANTED
    assert lower.targets == ("upper",)
    assert not lower.filters[BLIND].targets.excitatory


def test_contributions_are_those_of_the_planted_sources_and_add_up(
    circuits: dict[str, LayerCircuits],
) -> None:
    for index, one in circuits["upper"].filters.items():
        fed = one.on_picture
        wired = {below for below, above in PLANTED if above == index}
        channels = {each.channel for each in (*fed.excitatory, *fed.inhibitory)}

        assert channels == wired
        assert all(PLANTED[each.channel, index] > 0 for each in fed.excitatory)
        assert all(PLANTED[each.channel, index] < 0 for each in fed.inhibitory)
        values = sum(each.value for each in (*fed.excitatory, *fed.inhibitory))
        assert values - 0.25 == pytest.approx(fed.pre_activation, rel=1e-5)
        assert fed.error < 1e-6


def test_filters_that_are_fed_alike_are_a_family(circuits: dict[str, LayerCircuits]) -> None:
    found = circuits["upper"].families

    families = {tuple(sorted(one.filters)) for one in found.families}

    assert {(3, 4, 5), (6, 7, 8, 9)} <= families
    assert max(found.tried, key=lambda count: found.tried[count]) == len(found.families)
    assert circuits["upper"].twins == (4, 5)


def test_the_lowest_layer_is_fed_by_colours_and_expanded_to_pixels(
    circuits: dict[str, LayerCircuits],
) -> None:
    lower, upper = circuits["lower"].filters[0], circuits["upper"].filters[0]

    assert {other.layer for other in lower.sources.excitatory} == {""}
    assert circuits["lower"].channels == ("red", "green", "blue")
    assert len(lower.pixels) == 3
    weights = np.stack([from_tile(tile) for tile in upper.pixels])
    assert weights.shape == (3, 6, 6)
    assert (weights[:, 2:4, 4:] != 0).all()
    weights[:, 2:4, 4:] = 0
    assert not weights.any()
