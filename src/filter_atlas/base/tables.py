"""Tables as CSV, in which every value reads back exactly."""

import csv
import io
from collections.abc import Iterable, Sequence


def to_csv(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A header and rows as CSV; equal rows give equal bytes.

    Returns:
        UTF-8 with "\\n" line ends. Floats read back exactly; a missing value is an empty cell.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(_cell, row) for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(float(value)) if isinstance(value, float) else str(value)
