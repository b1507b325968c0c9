"""How many filters a device draws at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.worker.batch import MOST, SHARE, USUAL, Batches, fitting
from filter_atlas.worker.task import Kind

KIND = Kind("block5_conv1", "a recipe", "float32")
OTHER = KIND._replace(layer="block1_conv1")
GIB = 1 << 30


@given(free=st.integers(1, 1 << 38), each=st.integers(1, 1 << 34), count=st.integers(1, MOST))
def test_a_batch_takes_its_share_of_the_free_memory_if_one_filter_does(
    free: int, each: int, count: int
) -> None:
    most = fitting(free, each * count, count)

    assert 1 <= most <= MOST
    assert most == 1 or most * each <= SHARE * free
    assert most == MOST or (most + 1) * each > SHARE * free * 0.999


def test_a_batch_that_took_nothing_sets_no_limit() -> None:
    assert fitting(GIB, taken=0, count=1) == MOST


def test_a_processor_draws_the_usual_number_whatever_a_batch_takes() -> None:
    batches = Batches(None, free=None)

    batches.fitted(KIND, 16, 40 * GIB)

    assert batches.most(KIND) == USUAL


def test_a_gpu_begins_with_the_usual_number_and_then_fills_its_memory_layer_by_layer() -> None:
    batches = Batches(None, free=10 * GIB)
    assert batches.most(KIND) == USUAL

    batches.fitted(KIND, 16, 4 * GIB)

    assert batches.most(KIND) == 32
    assert batches.most(OTHER) == USUAL


@pytest.mark.parametrize("setting", [1, 16, 500])
def test_a_number_that_the_user_sets_is_kept(setting: int) -> None:
    batches = Batches(setting, free=10 * GIB)

    batches.fitted(KIND, 1, GIB)

    assert batches.most(KIND) == setting


@pytest.mark.parametrize("setting", [None, 16])
def test_what_ran_out_of_memory_is_halved_for_good(setting: int | None) -> None:
    batches = Batches(setting, free=10 * GIB)

    batches.did_not_fit(KIND, 16)
    batches.did_not_fit(KIND, 8)
    batches.fitted(KIND, 4, GIB)

    assert batches.most(KIND) == 4
    assert batches.most(OTHER) == 16


def test_no_batch_is_of_less_than_one() -> None:
    batches = Batches(None, free=None)

    batches.did_not_fit(KIND, 1)

    assert batches.most(KIND) == 1
