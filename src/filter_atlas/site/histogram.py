"""A histogram as an SVG path, in the drawing area of `filter_atlas.site.curve`."""

from collections.abc import Sequence

from filter_atlas.site.curve import HEIGHT, WIDTH


def path(counts: Sequence[int]) -> str:
    """The `d` of an SVG path: the outline of a bar for each count, side by side.

    The highest bar fills the height. Coordinates are whole numbers; every count above 0 has at
    least the height 1. Without any count, the path is empty.
    """
    highest = max(counts, default=0)
    if not highest:
        return ""
    line = [f"M0 {HEIGHT}"]
    last = 0
    for place, count in enumerate(counts):
        height = max(round(count / highest * HEIGHT), int(count > 0))
        if height != last:
            line.append(f"H{round(place * WIDTH / len(counts))}V{HEIGHT - height}")
            last = height
    return "".join([*line, f"H{WIDTH}V{HEIGHT}Z"])
