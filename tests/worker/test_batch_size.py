"""How many filters a device computes at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.worker.batch_size import DEFAULT, LARGEST, SHARE, BatchSizer, filters_that_fit
from filter_atlas.worker.task import BatchKey

KEY = BatchKey("block5_conv1", "a recipe", "float32")
OTHER = KEY._replace(layer="block1_conv1")
GIB = 1 << 30


@given(free=st.integers(1, 1 << 38), each=st.integers(1, 1 << 34), count=st.integers(1, LARGEST))
def test_a_batch_takes_no_more_than_its_share_of_the_free_memory(
    free: int, each: int, count: int
) -> None:
    most = filters_that_fit(free, each * count, count)

    assert 1 <= most <= LARGEST
    assert most == 1 or most * each <= SHARE * free
    assert most == LARGEST or (most + 1) * each > SHARE * free * 0.999


def test_a_batch_that_took_nothing_sets_no_limit() -> None:
    assert filters_that_fit(GIB, taken=0, count=1) == LARGEST


def test_on_a_processor_the_memory_of_a_batch_changes_nothing() -> None:
    sizer = BatchSizer(None, free=None)

    sizer.record_success(KEY, 16, 40 * GIB)

    assert sizer.max_batch_size(KEY) == DEFAULT


def test_a_gpu_begins_with_the_default_and_then_fills_its_memory_layer_by_layer() -> None:
    sizer = BatchSizer(None, free=10 * GIB)
    assert sizer.max_batch_size(KEY) == DEFAULT

    sizer.record_success(KEY, 16, 4 * GIB)

    assert sizer.max_batch_size(KEY) == 32
    assert sizer.max_batch_size(OTHER) == DEFAULT


@pytest.mark.parametrize("setting", [1, 16, 500])
def test_a_number_that_the_user_has_set_is_kept(setting: int) -> None:
    sizer = BatchSizer(setting, free=10 * GIB)

    sizer.record_success(KEY, 1, GIB)

    assert sizer.max_batch_size(KEY) == setting


@pytest.mark.parametrize("setting", [None, 16])
def test_a_number_that_ran_out_of_memory_is_halved_for_good(setting: int | None) -> None:
    sizer = BatchSizer(setting, free=10 * GIB)

    sizer.record_oom(KEY, 16)
    sizer.record_oom(KEY, 8)
    sizer.record_success(KEY, 4, GIB)

    assert sizer.max_batch_size(KEY) == 4
    assert sizer.max_batch_size(OTHER) == 16


def test_a_batch_has_at_least_one_filter() -> None:
    sizer = BatchSizer(None, free=None)

    sizer.record_oom(KEY, 1)

    assert sizer.max_batch_size(KEY) == 1
