"""What feeds filters on their own pictures: exact, and kept in a file."""

from pathlib import Path

import numpy as np
import pytest

from filter_atlas.base.errors import ResultsError
from filter_atlas.measure.contributions import Contributions, LayerContributions
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.keras_network import KerasNetwork
from linear_networks import SOURCE, randomise, residual

FED = {
    index: Contributions(np.arange(5.0, dtype=np.float32) + index, 2.5 * index, (index, 3))
    for index in (4, 9)
}


def test_contributions_and_bias_are_the_peak_of_a_picture_in_the_cell_that_is_named() -> None:
    network = KerasNetwork(randomise(residual()), SOURCE)
    pixels = np.random.RandomState(0).randint(0, 256, (3, 48, 48, 3)).astype(np.uint8)

    responses = LayerResponses("grouped", network).to_pictures(pixels, [0, 1, 3])

    bias = network.kernel("grouped").bias
    for response in responses:
        fed = response.contributions
        assert fed
        assert fed.values.sum() + bias[response.filter] == pytest.approx(
            fed.pre_activation, rel=1e-4
        )
        assert max(fed.pre_activation, 0) == response.peak
        assert all(0 <= place < 12 for place in fed.cell)


def test_the_file_of_a_layer_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "layer.npz"
    path.write_bytes(LayerContributions.of_filters(FED).to_npz())

    found = LayerContributions.from_file(path)

    assert found.filters.tolist() == [4, 9]
    np.testing.assert_array_equal(found.values, [one.values for one in FED.values()])
    assert found.pre_activations.tolist() == [10.0, 22.5]
    assert found.cells.tolist() == [[4, 3], [9, 3]]


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_file_that_is_cut_off_is_named(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "layer.npz"
    path.write_bytes(LayerContributions.of_filters(FED).to_npz()[:kept])

    with pytest.raises(ResultsError, match=r"layer\.npz: not the contributions of a layer"):
        LayerContributions.from_file(path)
