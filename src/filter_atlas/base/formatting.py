"""Formatting of numbers, values and suggestions in texts."""

import difflib
from collections.abc import Iterable


def format_number(value: float) -> str:
    """`value` with three significant digits and its whole integer part: 0.0123, 4.5, 1,234."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:z.3g}"
    return digits.replace("-", "\N{MINUS SIGN}")


def format_share(value: float) -> str:
    """A share in percent: 0.4%, 12.3%, 100%."""
    return f"{value:z.1%}".replace(".0%", "%").replace("-", "\N{MINUS SIGN}")


def format_ordinal(value: int) -> str:
    """A rank: 1st, 2nd, 3rd, 11th, 1,002nd."""
    ending = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10)
    return f"{value:,}{ending or 'th'}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a wrong one, as a question before other words; or ""."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{close[0]}'? " if close else ""


def short(value: object) -> str:
    """A value as Python writes it, cut off after 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
