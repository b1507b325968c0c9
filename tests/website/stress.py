"""A run of all 4,224 filters, made by hand, with pictures that have the bytes of real ones."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from filter_atlas.base import vgg16_spec
from filter_atlas.base.rotations import Symmetry
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.site import sprites, thumbnails
from filter_atlas.site.section import Section
from filter_atlas.site.sections import SECTIONS
from filter_atlas.site.sprites import SpriteTile
from filter_atlas.workflow.plan import LayerPlan

from .observed import observe
from .results import Run
from .wired import wire

LAYERS = tuple(
    LayerPlan(layer.name, layer.paper_name, layer.filters, tuple(range(layer.filters)))
    for layer in vgg16_spec.LAYERS
)
DISTINCT = 16
"""Number of different pictures; filters share them."""

FREQUENCY, SPREAD = 0.085, 0.05
"""Mean and width of the pattern's frequencies, in cycles per pixel. With them, a thumbnail has the
bytes of a real one, 4 KB."""


@dataclass
class Stress(Run):
    """The results of a whole run, and the site built of them."""

    layers: tuple[LayerPlan, ...] = LAYERS

    def paint(self, name: str, size: tuple[int, int], shade: int = 0) -> None:
        self.write(name, texture(size, shade % DISTINCT))

    def build(self, sections: Sequence[Section] = SECTIONS) -> Path:
        """Build the site, and encode each of the few different pictures only once."""
        encode = thumbnails._encode
        once = cache(lambda data, height: encode(Path("a picture"), data, height))
        make = sprites.Sprites._encode
        sheets: dict[tuple[SpriteTile | None, ...], Any] = {}

        def sheet(self: sprites.Sprites, request: sprites.SpriteRequest) -> Any:
            key = tuple(request.tiles)
            if key not in sheets:
                sheets[key] = make(self, request)
            return sheets[key]

        with (
            mock.patch.object(thumbnails, "_encode", lambda _, *picture: once(*picture)),
            mock.patch.object(sprites.Sprites, "_encode", sheet),
        ):
            return super().build(sections)

    def draw(self) -> None:
        super().draw()
        self.find_twins(
            *(
                (one.name, 2 * at, 2 * at + 1, Symmetry(90, False))
                for one in self.layers
                for at in (0, 9)
            )
        )
        observe(self, photographs=len(sample_photos()), distinct=DISTINCT)
        wire(self)
        self.plot()


@cache
def texture(size: tuple[int, int], shade: int) -> bytes:
    """A PNG of coloured noise about one frequency, centred and scaled like a filter's picture."""
    random = np.random.default_rng(shade)
    width, height = size
    across, down = np.fft.rfftfreq(width), np.fft.fftfreq(height)[:, np.newaxis]
    band = np.exp(-(((np.hypot(across, down) - FREQUENCY) / SPREAD) ** 2))

    def pattern() -> np.ndarray:
        noise = np.fft.rfft2(random.standard_normal((height, width)))
        return np.fft.irfft2(noise * band, (height, width))

    grey = pattern()
    channels = np.stack([grey + pattern() / 2 for _ in range(3)], axis=-1)
    scaled = channels / channels.std() * 0.2 + 0.5
    file = io.BytesIO()
    Image.fromarray((scaled.clip(0, 1) * 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()
