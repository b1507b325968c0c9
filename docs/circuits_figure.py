"""Draw the circuits that docs/circuits.md describes, as docs/images/circuits.webp.

python docs/circuits_figure.py RESULTS

RESULTS are the results of a run with the settings that docs/circuits.md gives.
"""

import argparse
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from PIL import Image

from filter_atlas.base import paths
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import read_png
from filter_atlas.circuits import family
from filter_atlas.circuits.agreement import Contribution
from filter_atlas.circuits.record import LayerCircuits
from filter_atlas.circuits.tiles import from_tile

FIGURE = Path(__file__).parent / "images" / "circuits.webp"
DRAWN = 4
"""Number of excitatory sources that are drawn, the strongest first; then comes the strongest
inhibitory one."""

BLUE, ORANGE = "#1f6fb4", "#c4510a"


class Circuit(NamedTuple):
    """A filter, and where its sources are compared: on its exemplars, or on its own picture."""

    title: str
    layer: str
    filter: int
    on_picture: bool = False


CIRCUITS = (
    Circuit("Edges make an arc", "block3_conv2", 111),
    Circuit("Lines and dots make beads", "block3_conv3", 31),
    Circuit("Rings and dark spots make an eye", "block4_conv2", 483),
    Circuit("Eyes at an angle: an eye in a head", "block4_conv3", 236),
    Circuit("Misleading: on its picture, blossoms and cells", "block4_conv3", 490, True),
    Circuit("The same filter on photographs: arches and turrets", "block4_conv3", 490),
)


def draw_picture(axes: Axes, results: Path, layer: str, index: int) -> None:
    """Draw the picture of a filter, with its name."""
    axes.imshow(read_png(str(results / Path(paths.picture(layer, index)).relative_to(paths.ROOT))))
    axes.set_title(f"{layer}/{index}", fontsize=8, pad=3)


def draw_kernel(axes: Axes, source: Contribution, share: float) -> None:
    """Draw a kernel, as the site does, with the share of the activation that comes through it."""
    weights = from_tile(source.tile)
    rows, columns = weights.shape
    for (row, column), weight in np.ndenumerate(weights):
        side = 0.92 * abs(weight) ** 0.5
        middle = (column + 0.5, row + 0.5)
        if weight > 0:
            corner = (middle[0] - side / 2, middle[1] - side / 2)
            axes.add_patch(Rectangle(corner, side, side, color=BLUE, linewidth=0))
        else:
            axes.add_patch(Circle(middle, side * 0.375, fill=False, color=ORANGE, linewidth=1.2))
    axes.set(xlim=(-1.2, columns + 1.2), ylim=(rows + 0.2, -0.2), aspect="equal")
    axes.set_title(f"{share:+.0%}", fontsize=9, pad=2, color=BLUE if share > 0 else ORANGE)


def draw(results: Path) -> Figure:
    """Draw all circuits, one below the other."""
    figure = Figure(figsize=(8.6, 9.6), dpi=150)
    parts = figure.subfigures(len(CIRCUITS), 1, squeeze=False)
    for (part,), circuit in zip(parts, CIRCUITS, strict=True):
        record = results / Path(family.path(circuit.layer, "json")).relative_to(paths.ROOT)
        layer = LayerCircuits.from_file(record)
        found = layer.filters[circuit.filter]
        fed = found.on_picture if circuit.on_picture else found.on_exemplars
        assert fed is not None, f"{record}: no exemplars of filter {circuit.filter}"
        part.suptitle(circuit.title, fontsize=10, x=0.04, y=0.97, ha="left", weight="bold")
        widths = [1.0] + [0.55, 1.0] * (DRAWN + 1)
        rows = part.subplots(1, len(widths), width_ratios=widths)
        part.subplots_adjust(left=0.05, right=0.95, top=0.78, bottom=0.02, wspace=0.12)
        for axes in rows:
            axes.axis("off")
        draw_picture(rows[0], results, circuit.layer, circuit.filter)
        below = layer.sources[0].layer
        for at, source in enumerate((*fed.excitatory[:DRAWN], *fed.inhibitory[:1])):
            share = source.value / fed.pre_activation
            draw_kernel(rows[1 + 2 * at], source, share)
            draw_picture(rows[2 + 2 * at], results, below, source.channel)
    return figure


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    png, webp = io.BytesIO(), io.BytesIO()
    draw(parser.parse_args().results).savefig(png, format="png")
    Image.open(png).convert("RGB").save(webp, "WebP", quality=80, method=6)
    write_atomically(FIGURE, webp.getvalue())


if __name__ == "__main__":
    main()
