"""Make the README's pictures, as small JPEGs, from the results of a full run and of `classes`.

python docs/images.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from filter_atlas import paths, stitch
from filter_atlas.config import DREAMS
from filter_atlas.picture import read_png
from filter_atlas.record import Record

REPOSITORY = Path(__file__).parents[1]
IMAGES = REPOSITORY / "docs" / "images"
DEEP_LAYER = "block5_conv1"
COLUMNS, ROWS = 8, 2
WIDTH = 1280


def save(pixels: np.ndarray, name: str) -> None:
    """Save pixels as a JPEG of the README's width."""
    image = Image.fromarray(pixels)
    size = (WIDTH, round(image.height * WIDTH / image.width))
    image.resize(size, Image.Resampling.LANCZOS).save(IMAGES / name, quality=82, optimize=True)


def strip(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one size side by side."""
    return stitch.grid(pictures, len(pictures), margin=5)


def main() -> None:
    """Make the pictures of what is there: the atlas's, dreams, and class pictures."""
    save(read_png(str(REPOSITORY / paths.OVERVIEW)), "overview.jpg")
    folder = (REPOSITORY / paths.picture(DEEP_LAYER, 0)).parent
    records = [Record.read(path) for path in sorted(folder.glob("*.json"))]
    pictures = [
        read_png(str(REPOSITORY / paths.picture(DEEP_LAYER, record.filter)))
        for record in stitch.best(records, COLUMNS * ROWS)
    ]
    save(stitch.grid(pictures, COLUMNS, margin=5), f"{DEEP_LAYER}.jpg")
    dreams = [read_png(str(REPOSITORY / paths.dream(name, "png"))) for name in DREAMS]
    save(strip(dreams), "dreams.jpg")
    classes = sorted((REPOSITORY / paths.CLASSES).glob("*.png"))
    if classes:
        save(strip([read_png(str(path)) for path in classes]), "classes.jpg")


if __name__ == "__main__":
    main()
