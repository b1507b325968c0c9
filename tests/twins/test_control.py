"""What chance makes of twins stands beside what was found, where the two can be compared."""

from dataclasses import replace

import pytest

from filter_atlas.twins import control
from filter_atlas.twins.report import LayerTwins
from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST

FOUND = [
    LayerTwins.of(
        layer.name, range(8), 0, [], turn=90, threshold=0.8, weights_digest=IMAGENET_DIGEST
    )
    for layer in LAYERS
]


def test_every_layer_has_a_share_by_chance_for_each_control() -> None:
    shares = control.shares(FOUND)

    assert list(shares) == list(control.NAMES.values())
    for of in shares.values():
        assert list(of) == [layer.name for layer in LAYERS]
        assert all(0 <= share <= 1 for share in of.values())


def test_only_layers_that_were_looked_at_have_one() -> None:
    for of in control.shares(FOUND[3:5]).values():
        assert list(of) == ["block2_conv2", "block3_conv1"]


@pytest.mark.parametrize(
    "different", [{"threshold": 0.7}, {"turn": 45}, {"weights_digest": "other weights"}]
)
def test_what_was_found_otherwise_has_none_beside_it(different: dict[str, object]) -> None:
    assert control.shares([*FOUND[1:], replace(FOUND[0], **different)]) == {}  # type: ignore[arg-type]
