"""The loss curve of one ascent: as a line to draw, and as a sentence for screen readers."""

from collections.abc import Sequence
from math import isfinite

from filter_atlas.base.formatting import format_number

WIDTH = 240
HEIGHT = 60
MARGIN = 3
"""Drawing area in units of the SVG's view box. The margin keeps the line's width inside."""


def path(losses: Sequence[float]) -> str:
    """The `d` of an SVG path through `losses`, scaled to fill `WIDTH` by `HEIGHT`.

    Coordinates are whole numbers. They are exact to half a pixel on the page, and halve its bytes.
    A constant curve and a single loss are a horizontal line at half height. Losses that are not
    finite are left out; if none is finite, the path is empty.
    """
    points = [(step, loss) for step, loss in enumerate(losses) if isfinite(loss)]
    if not points:
        return ""
    lowest = min(loss for _, loss in points)
    rise = max(loss for _, loss in points) - lowest
    if rise == 0:
        return f"M0 {HEIGHT // 2}H{WIDTH}"
    x_scale = WIDTH / (len(losses) - 1)
    y_scale = (HEIGHT - 2 * MARGIN) / rise
    line = (
        f"{round(step * x_scale)} {round(HEIGHT - MARGIN - (loss - lowest) * y_scale)}"
        for step, loss in points
    )
    return "M" + "L".join(line)


def summary(losses: Sequence[float]) -> str:
    """`losses` in words, such as "loss rises from 0.1 to 210 in 22 steps"."""
    finite = [loss for loss in losses if isfinite(loss)]
    if not finite:
        return "no loss recorded"
    first, last = finite[0], finite[-1]
    steps = "1 step" if len(losses) == 1 else f"{len(losses)} steps"
    if format_number(first) == format_number(last):
        return f"loss stays at {format_number(first)} in {steps}"
    verb = "falls" if last < first else "rises"
    return f"loss {verb} from {format_number(first)} to {format_number(last)} in {steps}"
