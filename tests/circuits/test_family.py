"""Which results of circuits a run has, and how much work they are."""

from filter_atlas.base.architecture import VGG16
from filter_atlas.circuits.family import CIRCUITS
from filter_atlas.settings.config import read_settings

DEFAULT_RUN = 849e12
"""Operations of all other parts of the default run: `python benchmarks/atlas.py --count`."""


def test_every_drawn_layer_has_a_record_and_a_table() -> None:
    config = read_settings({"layers": ["block4_conv1", "block5_conv3"], "photos": "none"})

    assert CIRCUITS.results(config) == [
        "results/circuits/block4_conv1.json",
        "results/circuits/block4_conv1.csv",
        "results/circuits/block5_conv3.json",
        "results/circuits/block5_conv3.csv",
        "results/circuits/filters.csv",
        "results/circuits/summary.md",
    ]


def test_circuits_can_be_left_out() -> None:
    assert CIRCUITS.results(read_settings({"circuits": "none"})) == []


def test_the_default_run_spends_less_than_a_hundredth_on_them() -> None:
    work = CIRCUITS.arithmetic["wire"](read_settings({}), {}, VGG16, {})

    assert 1e12 < work < 0.01 * (DEFAULT_RUN + work)
