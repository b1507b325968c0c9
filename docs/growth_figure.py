"""Draw the tables of docs/speed.md on the growth of time and memory, as docs/images/growth.svg.

python docs/growth_figure.py
"""

import re
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.measure import plots

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "speed.md"
FIGURE = REPOSITORY / "docs" / "images" / "growth.svg"

Table = list[dict[str, str]]


def table(page: str, head: str) -> Table:
    """The rows of the table whose header begins with `head`; cells by the name of their column."""
    lines = page[page.index(f"\n{head}") + 1 :].split("\n\n")[0].splitlines()
    names, _, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in lines)
    return [dict(zip(names, row, strict=True)) for row in rows]


def number(cell: str) -> float:
    """The number in a cell such as `× 1.50`, `0.97 GiB`, `1,028` or `128 px`."""
    found = re.search(r"[\d.,]+", cell)
    if not found:
        raise ValueError(f"{cell!r}: no number in this cell")
    return float(found[0].replace(",", ""))


def curve(axes: Axes, title: str, rows: Table, across: str, up: str) -> None:
    """Draw one column of a table over another one."""
    xs, ys = ([number(row[column]) for row in rows] for column in (across, up))
    axes.plot(xs, ys, "o-", color=plots.ACCENT, markersize=3.5)
    axes.set_title(title, loc="left", fontsize=8, color=plots.INK)
    axes.set_ylim(0, 1.1 * max(ys))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y")


@plots.style()
def figure(page: str) -> bytes:
    """The figure of a page, as SVG."""
    dag, size = table(page, "| filters | jobs |"), table(page, "| | time per filter | per FLOP |")
    batch = table(page.partition("With the batch")[2], "| | time per filter |")
    cores, long = table(page, "| `--cores` |"), table(page, "| filters drawn | layer |")
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)
    sheet = Figure(figsize=(plots.WIDTH / plots.PER_INCH, 4.4), layout=layout)
    sheet.set_label("How time and memory grow")
    panels = iter(sheet.subplots(2, 3).flat)
    wanted = [
        ("time per job, by jobs", dag, "jobs", "time per job"),
        ("memory of the plan (GiB), by jobs", dag, "jobs", "memory"),
        ("time per FLOP, by picture’s side (px)", size, "", "per FLOP"),
        ("time per filter, by batch", batch, "", "time per filter"),
        ("time, by --cores", cores, "`--cores`", "time"),
        ("memory of a worker (GiB), by filters", long, "filters drawn", "memory"),
    ]
    for title, rows, across, up in wanted:
        curve(next(panels), title, rows, across, up)
    return plots.svg(sheet)


if __name__ == "__main__":
    write_atomically(FIGURE, figure(PAGE.read_text()))
