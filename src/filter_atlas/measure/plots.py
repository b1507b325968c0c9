"""Figures of a run's measures, as SVG: the same input gives the same bytes.

Every figure is 800 CSS pixels wide. Positions are in those pixels, from the upper left.
"""

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from filter_atlas.base.formatting import format_number
from filter_atlas.measure.measures import Values, alive, known_numbers
from filter_atlas.measure.record import Record

WIDTH = 800
PER_INCH = 96
"""CSS pixels in an inch."""

PAPER = "#fbfaf7"
INK = "#1d1c1a"
MUTED = "#67635b"
RULE = "#e2ded5"
BAR = "#cfc9bd"
ACCENT = "#9a3f1c"

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "filter-atlas",  # makes the ids of elements equal in all runs
    "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
    "text.parse_math": False,  # a dollar sign in a name has no special meaning
    "font.size": 9,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": RULE,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 8,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 8,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
}

_MARGIN = 24
_HEADER = 84
"""Room around a figure, and above its first row, in pixels."""

_ROW = 26
"""Height of a row of boxes, in pixels."""

_PANELS = 4
"""Number of panels side by side."""

_LOWEST, _HIGHEST = -0.5, 1.5
"""Limits of the values that a panel shows, as shares of the curves' last values."""


@contextmanager
def style() -> Iterator[None]:
    """Draw in this module's style, whatever the user's own settings of Matplotlib are."""
    with rc_context():
        rcdefaults()
        rcParams.update(_STYLE)
        yield


@style()
def activation_by_layer(records: Sequence[Record]) -> bytes:
    """How strongly filters fire on their own pictures: a box for each layer, in the order given.

    Filters that do not fire cannot be on a logarithmic axis, so they are counted beside it.

    Returns:
        SVG.
    """
    layers = _by_layer(records)
    figure = _boxes(
        "How strongly filters fire on their own pictures",
        "Mean activation of a filter on its finished picture, on a logarithmic axis",
        {
            layer: [record.final_activation for record in drawn if alive(record)]
            for layer, drawn in layers.items()
        },
        counts=(
            "silent",
            [sum(not alive(record) for record in drawn) for drawn in layers.values()],
        ),
        log=True,
        format_value=format_number,
    )
    return svg(figure)


@style()
def noisiness_by_recipe(groups: Mapping[str, Sequence[Values]]) -> bytes:
    """How much of a picture is noise: a box for each recipe, in the order given.

    Args:
        groups: the measures of each filter, by the recipe that drew it.

    Returns:
        SVG.
    """
    figure = _boxes(
        "How noisy pictures are",
        "Share of a picture’s energy in detail finer than four pixels",
        {name: known_numbers(group, "noisiness") for name, group in groups.items()},
        counts=("pictures", [len(group) for group in groups.values()]),
        log=False,
        format_value=lambda share: f"{share:.1%}",
    )
    return svg(figure)


@style()
def loss_curves(records: Sequence[Record]) -> bytes:
    """How pictures grow: a panel for each layer with the loss of its filters at every step.

    The curve of each filter is divided by its last value. A curve whose last value is 0 or less
    is left out, and counted.

    Returns:
        SVG.
    """
    layers = _by_layer(records)
    width, height, gap, room = 160, 104, 25, 66
    rows = -(-len(layers) // _PANELS)
    figure = _empty_figure(
        _HEADER + max(rows, 1) * (height + room),
        "How pictures grow",
        "Objective at each step, as a share of its last value. Line: the median filter. "
        "Band: 10th to 90th percentile. Left out: curves that end at or below 0.",
    )
    scaled = {layer: _scaled(drawn) for layer, drawn in layers.items()}
    for place, (layer, drawn) in enumerate(layers.items()):
        row, column = divmod(place, _PANELS)
        left, top = 60 + column * (width + gap), _HEADER + 26 + row * (height + room)
        axes = _axes(figure, left, top, width, height)
        axes.set_ylim(*_range(list(scaled.values())))
        axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
        axes.tick_params(axis="y", labelleft=column == 0)
        axes.grid(axis="y")
        _write(figure, left, top - 20, layer, weight="bold", size=8)
        left_out = len(drawn) - len(scaled[layer])
        if left_out:
            _write(
                figure, left + width, top - 20, f"{left_out:,} left out", MUTED, size=8, ha="right"
            )
        _curves(axes, scaled[layer])
        _phases(axes, drawn[0].recipe["schedule"])
    return svg(figure)


@style()
def twins_by_depth(shares: Mapping[str, Mapping[str, float]]) -> bytes:
    """How many filters have a twin: a line for each series, over the layers in the order given.

    Args:
        shares: share of filters with a twin by layer, for each series. The first series is
            emphasised. Where a series has no value for a layer, its line has a gap.

    Returns:
        SVG.
    """
    layers = list(dict.fromkeys(chain.from_iterable(shares.values())))
    height = 240
    figure = _empty_figure(
        _HEADER + height + 84,
        "How many filters are rotated or mirrored copies of another",
        "Share of a layer’s filters that have a twin, from the first layer to the last",
    )
    axes = _axes(figure, _MARGIN + 40, _HEADER, WIDTH - 2 * _MARGIN - 60, height)
    axes.grid(axis="y")
    axes.set_xticks(range(len(layers)), layers, rotation=35, ha="right")
    axes.set_ylim(
        0, 1.1 * max([0.1, *(share for series in shares.values() for share in series.values())])
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    line_styles: list[dict[str, Any]] = [
        {"color": ACCENT, "linewidth": 1.8, "marker": "o", "markersize": 4},
        {"color": ACCENT, "linewidth": 1, "linestyle": (0, (4, 2))},
        {"color": MUTED, "linewidth": 1, "linestyle": (0, (4, 2))},
        {"color": MUTED, "linewidth": 1, "linestyle": (0, (1, 2))},
    ]
    for (name, series), line_style in zip(shares.items(), line_styles, strict=False):
        values = [series.get(layer, math.nan) for layer in layers]
        axes.plot(range(len(layers)), values, label=name, **line_style)
    if len(shares) > 1:
        axes.legend(frameon=False, fontsize=8, labelcolor=MUTED, loc="best")
    return svg(figure)


def _by_layer(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each layer; layers and records keep the order given."""
    layers: dict[str, list[Record]] = {}
    for record in records:
        layers.setdefault(record.layer, []).append(record)
    return layers


def _scaled(records: Sequence[Record]) -> list[np.ndarray]:
    """The loss curves whose last value is above 0, each divided by that value."""
    curves = [np.array(record.loss) for record in records if record.loss]
    return [curve / curve[-1] for curve in curves if np.isfinite(curve).all() and curve[-1] > 0]


def _percentiles(curves: Sequence[np.ndarray]) -> np.ndarray:
    """The 10th, 50th and 90th percentile at every step that all curves have: (3, steps)."""
    steps = min(map(len, curves))
    return np.asarray(np.percentile([curve[:steps] for curve in curves], [10, 50, 90], axis=0))


def _range(layers: Sequence[Sequence[np.ndarray]]) -> tuple[float, float]:
    """The range of values to show, the same in every panel."""
    bands = [_percentiles(curves) for curves in layers if curves]
    lowest = min((float(band.min()) for band in bands), default=0.0)
    highest = max((float(band.max()) for band in bands), default=1.0)
    return max(_LOWEST, min(0.0, lowest)), min(_HIGHEST, highest) + 0.08


def _curves(axes: Axes, curves: Sequence[np.ndarray]) -> None:
    if not curves:
        axes.text(
            0.5,
            0.5,
            "no curve ends above 0",
            color=MUTED,
            backgroundcolor=PAPER,
            size=8,
            ha="center",
            va="center",
            transform=axes.transAxes,
        )
        return
    low, middle, high = _percentiles(curves)
    steps = np.arange(len(middle))
    dot = "o" if len(steps) == 1 else ""
    axes.fill_between(steps, low, high, color=ACCENT, alpha=0.18, linewidth=0)
    axes.plot(steps, middle, color=ACCENT, linewidth=1.6, marker=dot)


def _phases(axes: Axes, schedule: Sequence[Mapping[str, Any]]) -> None:
    """Tick the first and last step, mark where the picture grows, and label its sizes."""
    phases = [phase for phase in schedule if phase["steps"]]
    steps = sum(phase["steps"] for phase in phases)
    axes.set_xlim(0, steps)
    axes.set_xticks([0, steps], ["0", f"{steps} steps" if steps > 1 else "1 step"])
    first, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    begun, size, labelled = 0, None, -math.inf
    for phase in phases:
        if phase["size"] != size:
            if size is not None:
                axes.axvline(begun, color=MUTED, linewidth=0.6, dashes=(2, 2))
            if begun - labelled >= steps / 6 and steps - begun >= steps / 9:
                label = f"{phase['size']} px" if size is None else str(phase["size"])
                place = axes.get_xaxis_transform()
                axes.text(begun, 1.03, label, transform=place, color=MUTED, size=7)
                labelled = begun
            size = phase["size"]
        begun += phase["steps"]


def _boxes(
    title: str,
    note: str,
    rows: Mapping[str, Sequence[float]],
    *,
    counts: tuple[str, Sequence[int]],
    log: bool,
    format_value: Callable[[float], str],
) -> Figure:
    """Rows of boxes: to the left of each its name and a count, to the right its median."""
    height = max(len(rows), 1) * _ROW
    figure = _empty_figure(
        _HEADER + height + 2 * _MARGIN,
        title,
        f"{note}. Line: all. Bar: the middle half. Dot: the median.",
    )
    longest = max(map(len, rows), default=0)
    left, right = max(200, _MARGIN + 8 * longest + 80), WIDTH - _MARGIN - 64
    axes = _axes(figure, left, _HEADER, right - left, height)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_yticks([])
    axes.grid(axis="x")
    counted, numbers = counts
    _write(figure, left - 16, _HEADER - 8, counted, MUTED, size=8, ha="right")
    _write(figure, WIDTH - _MARGIN, _HEADER - 8, "median", MUTED, size=8, ha="right")
    for place, ((name, values), number) in enumerate(zip(rows.items(), numbers, strict=True)):
        baseline = _HEADER + (place + 0.5) * _ROW + 4
        _write(figure, _MARGIN, baseline, name)
        _write(figure, left - 16, baseline, f"{number:,}" if number else "–", MUTED, ha="right")
        median = _box(axes, place, values)
        _write(
            figure,
            WIDTH - _MARGIN,
            baseline,
            "–" if median is None else format_value(median),
            MUTED if median is None else ACCENT,
            ha="right",
        )
    if not any(rows.values()):
        axes.set_xticks([])
    elif log:
        _log_ticks(axes, [value for values in rows.values() for value in values])
    else:
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:.3g}%"))
    return figure


def _log_ticks(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis with ticks at 1, 3, 10, 30, or at powers of ten if it is long."""
    low, high = math.log10(min(values)), math.log10(max(values))
    third = math.log10(3)
    steps = (0.0, third) if high - low < 6 else (0.0,)
    exponents = [
        power + step for power in range(math.floor(low), math.ceil(high) + 2) for step in steps
    ]
    first = max(exponent for exponent in exponents if exponent <= low)
    last = min(exponent for exponent in exponents if exponent > high)
    ticks = [10**exponent for exponent in exponents if first <= exponent <= last]
    axes.set_xscale("log")
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_xticks(ticks, [format_number(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _box(axes: Axes, row: int, values: Sequence[float]) -> float | None:
    """Draw one box; return the median, or None where there are no values."""
    if not values:
        return None
    low, first, median, third, high = map(float, np.percentile(values, [0, 25, 50, 75, 100]))
    axes.plot([low, high], [row, row], color=MUTED, linewidth=0.8, solid_capstyle="butt")
    axes.plot([first, third], [row, row], color=BAR, linewidth=8, solid_capstyle="butt")
    axes.plot(
        [median], [row], "o", color=ACCENT, markersize=5.5, markeredgecolor=PAPER, clip_on=False
    )
    return median


def _empty_figure(height: float, title: str, note: str) -> Figure:
    """A figure without axes, with a title and a line that explains it."""
    figure = Figure(figsize=(WIDTH / PER_INCH, height / PER_INCH), dpi=PER_INCH)
    figure.set_label(title)
    _write(figure, _MARGIN, 32, title, size=12, weight="bold")
    _write(figure, _MARGIN, 52, note, MUTED, size=8)
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    full = figure.get_figheight() * PER_INCH
    return figure.add_axes((left / WIDTH, 1 - (top + height) / full, width / WIDTH, height / full))


def _write(
    figure: Figure, x: float, baseline: float, text: str, color: str = INK, **style: Any
) -> None:
    full = figure.get_figheight() * PER_INCH
    figure.text(x / WIDTH, 1 - baseline / full, text, color=color, **style)


def svg(figure: Figure) -> bytes:
    """A figure as SVG, with its label as title; the same figure gives the same bytes."""
    file = io.BytesIO()
    about = {"Title": str(figure.get_label()), "Date": None, "Creator": None}
    figure.savefig(file, format="svg", metadata=about)
    return file.getvalue()
