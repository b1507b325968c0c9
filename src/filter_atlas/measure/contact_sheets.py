"""Stitching pictures together: the grids of a layer, and the overview of the network."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from filter_atlas.base.digests import file_digest
from filter_atlas.base.png import check_digest, read_png
from filter_atlas.measure.record import Record

LABEL_SIZE = 28
LABEL_WIDTH = 240
SMALLEST_LABEL = 12
TALLEST = 1.25
"""Maximum height of the overview, as a multiple of its width."""

SHEET_SIDE = 2048
"""Longest side of a contact sheet, in pixels: 32 pictures of 64 pixels."""

SHEET_QUALITY = 85
"""Quality of the JPEG of a contact sheet."""

PAPER = (255, 255, 255)
INK = (32, 32, 32)
FAINT_INK = (112, 112, 112)


def read_pictures(paths: Sequence[str], records: Sequence[Record]) -> list[np.ndarray]:
    """Read the pictures of filters, and check that they are those that their records describe.

    Args:
        paths: the PNG of each filter.
        records: the record of each filter.

    Returns:
        (height, width, 3) uint8 each, RGB.

    Raises:
        ResultsError: a picture is missing, damaged, altered or exchanged.
    """
    pictures = []
    for path, record in zip(paths, records, strict=True):
        pictures.append(read_png(path))
        check_digest(path, file_digest(Path(path)), record.picture_digest)
    return pictures


def grid(pictures: Sequence[np.ndarray], columns: int, margin: int) -> np.ndarray:
    """Lay out pictures in rows with black between them, like the article's stitched grid.

    Args:
        pictures: at least one, all of one size, (height, width, 3) uint8.
        columns: number of pictures in a row; the last row may be shorter.
        margin: pixels between neighbours; there is no margin around the outside.

    Returns:
        (rows·height + (rows - 1)·margin, columns·width + (columns - 1)·margin, 3) uint8.
    """
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    stitched = np.zeros(
        (rows * (height + margin) - margin, columns * (width + margin) - margin, 3), np.uint8
    )
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + margin), place % columns * (width + margin)
        stitched[top : top + height, left : left + width] = picture
    return stitched


def cut_grid(stitched: np.ndarray, size: int, margin: int, count: int) -> list[np.ndarray]:
    """The first `count` pictures of a grid, in reading order; each has a side of `size` pixels."""
    columns = (stitched.shape[1] + margin) // (size + margin)
    corners = [
        (place // columns * (size + margin), place % columns * (size + margin))
        for place in range(count)
    ]
    return [stitched[top : top + size, left : left + size] for top, left in corners]


def sheet(stitched: np.ndarray) -> bytes:
    """A grid as a contact sheet: a JPEG whose sides have at most `SHEET_SIDE` pixels.

    Args:
        stitched: (height, width, 3) uint8, RGB.
    """
    image = Image.fromarray(stitched)
    image.thumbnail((SHEET_SIDE, SHEET_SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    # Colour keeps its full resolution, because it varies as finely as brightness here.
    image.save(file, format="JPEG", quality=SHEET_QUALITY, subsampling="4:4:4")
    return file.getvalue()


def columns_for(count: int) -> int:
    """Columns of a grid of `count` pictures: the smallest power of two that makes no tall grid.

    64 and 256 pictures make a square; 128 and 512 make a grid twice as wide as high.
    """
    return 1 << math.ceil(math.log2(count) / 2)


def best(records: Sequence[Record], count: int) -> list[Record]:
    """The records with the highest final activation, best first (ties: lower filter first)."""
    ranked = sorted(records, key=lambda record: (-record.final_activation, record.filter))
    return ranked[:count]


def overview(rows: Sequence[tuple[str, str, Sequence[np.ndarray]]], margin: int) -> np.ndarray:
    """The network at a glance: a row of pictures for each layer, with its names to the left.

    Source: the title picture of F. Chollet, "How convolutional neural networks see the world"
    (2016). The rows of a network with many layers continue in further strips to the right.

    Args:
        rows: (name, paper name, pictures) of each layer; all pictures have one size,
            (size, size, 3) uint8, RGB.
        margin: pixels between the pictures, and around all of them.

    Returns:
        (height, width, 3) uint8, RGB.
    """
    size = rows[0][2][0].shape[0]
    step = size + margin
    columns = max(len(pictures) for _, _, pictures in rows)
    label = min(LABEL_SIZE, size // 2)
    strip = LABEL_WIDTH + columns * step
    height = _rows_of_a_strip(len(rows), step, strip)
    strips = -(-len(rows) // height)
    canvas = Image.new("RGB", (strips * strip + margin, height * step + margin), PAPER)
    draw = ImageDraw.Draw(canvas)
    for place, (name, paper_name, pictures) in enumerate(rows):
        start, top = place // height * strip, margin + place % height * step
        right, middle = start + LABEL_WIDTH - label // 2, top + size // 2
        _write(draw, (right, middle), name, label, INK, "rb")
        if paper_name != name:
            below = (right, middle + label // 4)
            _write(draw, below, paper_name, label * 2 // 3, FAINT_INK, "rt")
        for column, picture in enumerate(pictures):
            left = start + LABEL_WIDTH + margin + column * step
            canvas.paste(Image.fromarray(np.ascontiguousarray(picture)), (left, top))
    return np.asarray(canvas)


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    ink: tuple[int, int, int],
    anchor: str,
) -> None:
    """Write a line that ends at `place`; a long line gets smaller letters, then loses its start."""
    line = " ".join(text.split())
    font, room = ImageFont.load_default(size), LABEL_WIDTH - LABEL_SIZE
    while font.getlength(line) > room and size > SMALLEST_LABEL:
        size -= 1
        font = ImageFont.load_default(size)
    while font.getlength(line) > room:
        line = f"…{line[2:]}"
    draw.text(place, line, ink, font, anchor=anchor)


def _rows_of_a_strip(rows: int, height: int, width: int) -> int:
    """Rows in each strip, with as few strips as possible that are not too tall (`TALLEST`).

    Args:
        rows: number of all rows.
        height: height of a row, in pixels.
        width: width of a strip, in pixels.
    """
    strips = 1
    while -(-rows // strips) * height > TALLEST * strips * width:
        strips += 1
    return -(-rows // strips)
