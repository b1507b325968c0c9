"""Where the groups of a layer are in a photograph: each group in a colour of its own."""

import numpy as np
from PIL import Image

from filter_atlas.views.cells import from_text
from filter_atlas.views.record import LayerCells

COLOURS = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (213, 94, 0),
    (86, 180, 233),
    (240, 228, 66),
    (120, 120, 120),
)
"""The colours of the groups, RGB: those of M. Okabe and K. Ito, "Color Universal Design" (2008),
which people with any colour vision can tell apart."""

STRONGEST = 0.8
"""Share of the colour where a group is strongest; the rest is the photograph in grey."""


def colour_places(square: np.ndarray, layer: LayerCells) -> np.ndarray:
    """The photograph in grey, coloured where the groups are.

    Args:
        square: (size, size, 3) uint8, RGB, what the network saw.
        layer: the layer.

    Returns:
        The same shape, uint8, RGB.
    """
    size = square.shape[0]
    grey = np.asarray(Image.fromarray(square).convert("L"), np.float32)[..., np.newaxis]
    greatest = max((group.strength for group in layer.groups), default=1)
    total = np.zeros((size, size, 1), np.float32)
    mixed = np.zeros((size, size, 3), np.float32)
    strongest = np.zeros((size, size, 1), np.float32)
    for group, colour in zip(layer.groups, COLOURS, strict=False):
        strength = from_text(group.map, layer.shown) * group.strength / greatest
        # A shown cell has the size of its block; the last ones may reach beyond the square.
        sides = [
            round(size * count * layer.block / cells)
            for count, cells in zip(layer.shown, layer.cells, strict=True)
        ]
        large = Image.fromarray(strength).resize((sides[1], sides[0]), Image.Resampling.BILINEAR)
        own = np.asarray(large)[:size, :size, np.newaxis]
        total += own
        mixed += own * np.array(colour, np.float32)
        strongest = np.maximum(strongest, own)
    colours = mixed / np.where(total > 0, total, 1)
    cover = STRONGEST * strongest
    return np.rint((1 - cover) * grey + cover * colours).astype(np.uint8)
