"""Draw filters chosen by lot beside their best patches, as docs/images/evidence.webp.

python docs/evidence_figure.py RESULTS

RESULTS are the results of a run with the settings that docs/evidence.md gives.
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from filter_atlas.base import paths
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.evidence import family, patches
from filter_atlas.evidence.record import LayerEvidence

FIGURE = Path(__file__).parent / "images" / "evidence.webp"
SIDE, GAP, LINE = 80, 2, 16
"""Side of a picture, the space between pictures, and the height of a title, in pixels."""

PATCHES = 5
COLUMNS = 2
LANCZOS = Image.Resampling.LANCZOS


def row(results: Path, layer: LayerEvidence, index: int) -> Image.Image:
    """The picture of a filter, and the patches that fire it most."""

    def file(path: str) -> Image.Image:
        return Image.open(results / Path(path).relative_to(paths.ROOT)).convert("RGB")

    found = layer.filters[index].top[:PATCHES]
    field = max(right - left for left, _, right, _ in filter(None, (one.box for one in found)))
    shown = [file(paths.picture(layer.layer, index)).resize((SIDE, SIDE), LANCZOS)]
    for patch in found:
        photograph = np.asarray(file(family.copy(layer.photographs[patch.photograph])))
        shown.append(Image.fromarray(patches.cut(photograph, patch.box, field, SIDE)))
    image = Image.new("RGB", ((PATCHES + 1) * (SIDE + GAP) + 8, SIDE + LINE + 4), "white")
    title = f"{layer.layer}/{index}"
    ImageDraw.Draw(image).text((0, 1), title, "black", ImageFont.load_default(11))
    for at, picture in enumerate(shown):
        image.paste(picture, (at * (SIDE + GAP), LINE))
    return image


def main() -> None:
    """Draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    results = parser.parse_args().results
    folder = results / Path(family.FOLDER).relative_to(paths.ROOT) / "layers"
    layers = [LayerEvidence.from_file(file) for file in sorted(folder.glob("*.json"))]
    rows = [row(results, layer, index) for layer in layers for index in sorted(layer.filters)]
    width, height = rows[0].size
    figure = Image.new("RGB", (COLUMNS * width, -(-len(rows) // COLUMNS) * height), "white")
    for at, one in enumerate(rows):
        figure.paste(one, (at % COLUMNS * width, at // COLUMNS * height))
    webp = io.BytesIO()
    figure.save(webp, "WebP", quality=80, method=6)
    write_atomically(FIGURE, webp.getvalue())


if __name__ == "__main__":
    main()
