"""Numbers and values as texts."""

import pytest

from filter_atlas.base.formatting import format_number, format_ordinal, format_share, short


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
def test_a_number_has_three_significant_digits_and_its_whole_integer_part(
    value: float, text: str
) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0%"),
        (-0.0, "0%"),
        (0.0037, "0.4%"),
        (0.1234, "12.3%"),
        (0.5, "50%"),
        (0.9996, "100%"),
        (1.0, "100%"),
        (1.205, "120.5%"),
        (-0.25, "\N{MINUS SIGN}25%"),
        (-0.0001, "0%"),
    ],
)
def test_a_share_is_a_percentage_with_at_most_one_decimal(value: float, text: str) -> None:
    assert format_share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (10, "10th")),
        *((11, "11th"), (12, "12th"), (13, "13th"), (14, "14th")),
        *((21, "21st"), (22, "22nd"), (33, "33rd"), (100, "100th"), (101, "101st")),
        *((111, "111th"), (212, "212th"), (1002, "1,002nd"), (1013, "1,013th")),
    ],
)
def test_an_ordinal_has_the_right_ending(value: int, text: str) -> None:
    assert format_ordinal(value) == text


def test_a_long_value_is_cut_short() -> None:
    assert short("text") == "'text'"
    assert len(short("x" * 100)) == 80
    assert short("x" * 100).endswith("...")
