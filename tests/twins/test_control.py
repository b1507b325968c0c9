"""The shares by chance are told where they were measured alike, and only there."""

from dataclasses import replace

from filter_atlas.config import Config
from filter_atlas.twins import control
from filter_atlas.twins.report import LayerTwins

DEFAULT = Config().twins
LAYER = LayerTwins.of(
    "block1_conv1",
    range(4),
    0,
    [],
    turn=DEFAULT.turn,
    threshold=DEFAULT.threshold,
    weights_digest="",
)


def test_the_shipped_shares_are_those_of_the_default_settings() -> None:
    series = control.shares([LAYER])

    assert any(name.startswith("random") for name in series)
    assert any(name.startswith("shuffled") for name in series)
    for of in series.values():
        assert len(of) == 13
        assert all(0 <= share <= 1 for share in of.values())


def test_other_settings_have_no_control() -> None:
    assert not control.shares([replace(LAYER, threshold=0.5)])
    assert not control.shares([LAYER, replace(LAYER, turn=45)])
