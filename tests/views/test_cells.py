"""The filters of each shown cell, compared with their usual strength."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from filter_atlas.networks.receptive_field import vgg16_receptive_fields
from filter_atlas.views.cells import LEVELS, MOST_MAPS, SIDE, STRONGEST, strongest_filters
from filter_atlas.views.record import LayerCells


def maps(rows: int, columns: int, filters: int) -> np.ndarray:
    """Activations of which some are 0."""
    values = np.random.RandomState(0).normal(0, 1, (rows, columns, filters)).astype(np.float32)
    return np.maximum(values, 0)


@pytest.mark.parametrize(("rows", "columns"), [(14, 14), (7, 5), (28, 28), (55, 40), (1, 1)])
def test_a_shown_cell_has_the_filters_with_the_greatest_shares_in_its_block(
    rows: int, columns: int
) -> None:
    activations, filters, usual = maps(rows, columns, 9), [0, 3, 4, 5, 8, 10, 11, 20, 21], 3.0

    found = strongest_filters(activations, filters, [usual] * 4 + [2 * usual] * 5)

    block = found.block
    assert found.filters.shape == (-(-rows // block), -(-columns // block), STRONGEST)
    assert max(found.filters.shape) <= SIDE
    shares = activations / np.array([usual] * 4 + [2 * usual] * 5)
    for row, column in np.ndindex(found.filters.shape[:2]):
        area = slice(row * block, (row + 1) * block), slice(column * block, (column + 1) * block)
        greatest = shares[area].max(axis=(0, 1))
        expected = [place for place in np.argsort(-greatest) if greatest[place] > 0][:STRONGEST]
        shown = found.filters[row, column].tolist()
        assert shown == [filters[place] for place in expected] + [-1] * (STRONGEST - len(expected))
        for rank, place in enumerate(expected):
            cell = tuple(found.cells[row, column, rank])
            assert found.activations[row, column, rank] == activations[(*cell, place)]
            assert found.activations[row, column, rank] == activations[area][..., place].max()
            assert found.shares[row, column, rank] == pytest.approx(greatest[place])


def test_a_filter_whose_strength_is_unknown_is_compared_with_itself_on_the_photograph() -> None:
    activations = np.zeros((2, 1, 3), np.float32)
    activations[:, 0] = [[8, 0.5, 6], [4, 0.25, 6]]

    found = strongest_filters(activations, [0, 1, 2], [16.0, None, 0.0])

    assert found.filters[:, 0].tolist() == [[1, 2, 0], [2, 1, 0]]
    assert found.shares[:, 0].tolist() == [[1, 1, 0.5], [1, 0.5, 0.25]]


def test_of_equal_filters_and_cells_the_first_is_taken() -> None:
    found = strongest_filters(np.ones((28, 28, 4), np.float32), [2, 5, 7, 9], [1.0] * 4)

    assert (found.filters == [2, 5, 7]).all()
    assert found.cells[3, 5, 0].tolist() == [6, 10]


def test_a_map_has_the_activation_at_each_shown_cell_as_a_share_of_the_greatest() -> None:
    activations = maps(30, 30, 6)

    found = strongest_filters(activations, list(range(6)), [1.0] * 6)

    for index, text in found.maps.items():
        levels = np.reshape([LEVELS.index(level) for level in text], found.filters.shape[:2])
        own = activations[..., index]
        assert levels.max() == len(LEVELS) - 1
        assert levels[0, 0] == round(own[:3, :3].max() / own.max() * (len(LEVELS) - 1))


def test_every_shown_filter_has_a_map_unless_there_are_too_many() -> None:
    few = strongest_filters(maps(6, 6, 40), list(range(40)), [1.0] * 40)
    many = strongest_filters(maps(14, 14, 1000), list(range(1000)), [1.0] * 1000)

    assert few.maps.keys() == set(few.filters[few.filters >= 0].tolist())
    assert len(many.maps) == MOST_MAPS


def test_the_data_of_a_layer_have_at_most_80_kilobytes() -> None:
    filters = list(range(2000, 3000))
    field = vgg16_receptive_fields(224)["block4_conv1"]
    found = strongest_filters(maps(28, 28, 1000), filters, [3.0] * 1000)
    record = LayerCells.from_filters((28, 28), found, field, filters)

    assert len(json.dumps(asdict(record), separators=(",", ":"))) < 80_000


def test_silence_has_no_filters() -> None:
    found = strongest_filters(np.zeros((4, 4, 2), np.float32), [0, 1], [1.0, None])

    assert (found.filters == -1).all()
    assert found.maps == {}
