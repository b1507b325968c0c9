"""Tiles: the small pictures that pages show, made from the canonical PNGs."""

import hashlib
import io
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from filter_atlas.atlas import colour
from filter_atlas.atlas.folder import SiteFolder
from filter_atlas.atlas.image import Image
from filter_atlas.errors import ResultsError

HEIGHT = 128
KIND = "avif"
ENCODING = {"quality": 70, "subsampling": "4:4:4", "speed": 9}
"""Colours keep their full resolution: there are filters whose pattern is all in them. The format is
chosen in `docs/pictures.md`."""

MADE_BY = f"{KIND} " + " ".join(f"{name} {value}" for name, value in ENCODING.items())
"""Names the way in which tiles are made: another one makes them all anew."""

LEDGER = "data/tiles.json"
"""What every tile was made from. By it the next build knows which tiles still hold."""


@dataclass(frozen=True)
class Order:
    """A tile to make: under which name, from which picture, at which height, saying what."""

    name: str
    source: Path
    alt: str
    height: int = HEIGHT


@dataclass(frozen=True)
class Tile:
    """A tile of the site, and what is known of the picture that it shows.

    Attributes:
        image: the tile.
        digest: sha256 of the picture's file.
        colour: name of the picture's dominant colour.
    """

    image: Image
    digest: str
    colour: str


class Tiles:
    """Makes tiles in a site, and keeps those of the last build whose picture is the same."""

    def __init__(self, site: SiteFolder) -> None:
        self._site = site
        self._before = _ledger(site.read(LEDGER))
        self._now: dict[str, list[str | int]] = {}

    def make(self, orders: Sequence[Order]) -> list[Tile]:
        """Make tiles, in the order given.

        Raises:
            ResultsError: a picture is damaged.
            OSError: a picture cannot be read, or a tile not be written.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self._make, orders))

    def close(self) -> None:
        """Write down what the tiles were made from."""
        lines = (f"{json.dumps(name)}: {json.dumps(self._now[name])}" for name in sorted(self._now))
        self._site.write(LEDGER, ("{\n" + ",\n".join(lines) + "\n}\n").encode())

    def _make(self, order: Order) -> Tile:
        data = order.source.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        made_from = [digest, f"{MADE_BY} height {order.height}"]
        known = self._before.get(order.name, [])
        if known[:2] == made_from and self._site.keep(order.name):
            entry = known
        else:
            tile, told = _small(order.source, data, order.height)
            self._site.write(order.name, tile)
            entry = [*made_from, *told]
        self._now[order.name] = entry
        _, _, hue, width, height = entry
        return Tile(Image(order.name, int(width), int(height), order.alt), digest, str(hue))


def fitted(picture: Pillow.Image, height: int) -> Pillow.Image:
    """The picture at this height in pixels, in its own shape; a lower one stays as it is."""
    if picture.height <= height:
        return picture
    width = max(1, round(picture.width * height / picture.height))
    return picture.resize((width, height), Pillow.Resampling.LANCZOS)


def _small(source: Path, data: bytes, height: int) -> tuple[bytes, tuple[str, int, int]]:
    try:
        with Pillow.open(io.BytesIO(data)) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise ResultsError(
            f"{source}: a damaged picture ({error}); delete it and run again to make it anew"
        ) from error
    hue = colour.dominant(np.asarray(picture))
    picture = fitted(picture, height)
    file = io.BytesIO()
    # One thread each: tiles are made side by side.
    picture.save(file, KIND, max_threads=1, **ENCODING)
    return file.getvalue(), (hue, picture.width, picture.height)


def _ledger(written: bytes | None) -> dict[str, list[str | int]]:
    """The ledger of the last build; empty where there is none, or where it is damaged."""
    try:
        read = json.loads(written or b"{}")
        return {name: entry for name, entry in read.items() if len(entry) == 5}
    except (ValueError, AttributeError, TypeError):
        return {}
