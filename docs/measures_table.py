"""Write the table of docs/measures.md from the declarations of the measures.

Usage: python docs/measures_table.py

The table stands between two marks, `<!-- generated: measures -->` and `<!-- end -->`. The rest of
the page is written by hand.
"""

from pathlib import Path

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.measure.measures import MEASURES, Measure

PAGE = Path(__file__).with_name("measures.md")
BEGIN, END = "<!-- generated: measures -->\n", "<!-- end -->"


def table() -> str:
    """A row for every measure, as Markdown."""
    head = "| measure | type | unit | meaning | known |\n|---|---|---|---|---|\n"
    return head + "".join(map(_row, MEASURES))


def filled(page: str) -> str:
    """The page with its table written anew."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _row(measure: Measure) -> str:
    known = "once drawn" if measure.from_record else "once measured"
    cells = (f"`{measure.name}`", measure.type, measure.unit, measure.meaning, known)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    write_atomically(PAGE, filled(PAGE.read_text()).encode())
