"""Numbers as the pages spell them."""

import pytest

from filter_atlas.numerals import spell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.01234, "0.0123"),
        (4.5, "4.5"),
        (99.96, "100"),
        (210.4, "210"),
        (4224, "4,224"),
        (-2.5, "\N{MINUS SIGN}2.5"),
    ],
)
def test_three_digits_are_kept_and_whole_parts_are_never_shortened(value: float, text: str) -> None:
    assert spell(value) == text
