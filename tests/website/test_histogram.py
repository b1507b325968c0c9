"""Histograms as SVG paths."""

import re

import pytest

from filter_atlas.site.curve import HEIGHT, WIDTH
from filter_atlas.site.histogram import path


@pytest.mark.parametrize("counts", [[], [0, 0]])
def test_without_counts_the_path_is_empty(counts: list[int]) -> None:
    assert path(counts) == ""


def test_bars_are_as_high_as_their_counts_and_equally_wide() -> None:
    assert path([1, 2, 0, 4]) == "M0 60H0V45H60V30H120V60H180V0H240V60Z"


def test_a_count_of_one_among_thousands_is_seen_and_a_count_of_none_is_not() -> None:
    heights = [HEIGHT - int(y) for y in re.findall(r"V(\d+)", path([100_000, 1, 0, 1]))]

    assert heights == [HEIGHT, 1, 0, 1, 0]


def test_the_path_is_closed_at_the_end_of_the_drawing_area() -> None:
    assert path([0, 3]).endswith(f"H{WIDTH}V{HEIGHT}Z")
