"""Numbers as the pages spell them."""


def spell(value: float) -> str:
    """`value` to three significant digits, never shortening its whole part: 0.0123, 4.5, 1,234."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:z.3g}"
    return digits.replace("-", "\N{MINUS SIGN}")
