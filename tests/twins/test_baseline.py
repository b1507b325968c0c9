"""The share of twins by chance, beside comparable results only."""

from dataclasses import replace

import pytest

from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST, LAYERS
from filter_atlas.twins import baseline
from filter_atlas.twins.report import LayerTwins

FOUND = [
    LayerTwins.from_pairs(
        layer.name, range(8), 0, [], rotation_step=90, threshold=0.8, weights_digest=IMAGENET_DIGEST
    )
    for layer in LAYERS
]


def test_every_layer_has_a_share_for_each_baseline() -> None:
    shares = baseline.shares(FOUND)

    assert list(shares) == list(baseline.NAMES.values())
    for by_layer in shares.values():
        assert list(by_layer) == [layer.name for layer in LAYERS]
        assert all(0 <= share <= 1 for share in by_layer.values())


def test_only_layers_with_a_result_have_a_baseline() -> None:
    for by_layer in baseline.shares(FOUND[3:5]).values():
        assert list(by_layer) == ["block2_conv2", "block3_conv1"]


@pytest.mark.parametrize(
    "different", [{"threshold": 0.7}, {"rotation_step": 45}, {"weights_digest": "other weights"}]
)
def test_results_of_another_method_have_no_baseline(different: dict[str, object]) -> None:
    assert baseline.shares([*FOUND[1:], replace(FOUND[0], **different)]) == {}  # type: ignore[arg-type]
