"""Make the README's pictures, as small JPEGs, from the results of a full run and of `classes`.

python docs/images.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from filter_atlas.base import paths
from filter_atlas.base.png import read_png
from filter_atlas.class_pictures import family as class_results
from filter_atlas.dream import family as dream_results
from filter_atlas.measure import contact_sheets
from filter_atlas.measure.record import Record
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.dreams import DEFAULT_DREAMS

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
    return contact_sheets.grid(pictures, len(pictures), margin=5)


def main() -> None:
    """Make the pictures of filters and dreams, and of classes if there are any."""
    save(read_png(str(REPOSITORY / paths.OVERVIEW)), "overview.jpg")
    folder = (REPOSITORY / paths.picture(DEEP_LAYER, 0)).parent
    records = [Record.from_file(path) for path in sorted(folder.glob("*.json"))]
    pictures = [
        read_png(str(REPOSITORY / paths.picture(DEEP_LAYER, record.filter)))
        for record in contact_sheets.best(records, COLUMNS * ROWS)
    ]
    save(contact_sheets.grid(pictures, COLUMNS, margin=5), f"{DEEP_LAYER}.jpg")
    dreams = [REPOSITORY / dream_results.path(name, "png") for name in DEFAULT_DREAMS]
    save(strip([read_png(str(path)) for path in dreams]), "dreams.jpg")
    classes = [REPOSITORY / class_results.picture(index) for index in Classes().indices]
    if all(path.exists() for path in classes):
        sheet = contact_sheets.grid([read_png(str(path)) for path in classes], 4, margin=5)
        save(sheet, "classes.jpg")


if __name__ == "__main__":
    main()
