"""Thumbnails: the small pictures that pages show, made from the canonical PNGs."""

import io
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.errors import ResultsError
from filter_atlas.base.png import check_digest
from filter_atlas.site import colour
from filter_atlas.site.image import Image
from filter_atlas.site.output_folder import SiteFolder

HEIGHT = 128
KIND = "avif"
ENCODING = {"quality": 70, "subsampling": "4:4:4", "speed": 9, "max_threads": 1}
"""How Pillow encodes thumbnails. `docs/pictures.md` gives the reasons for the format.

Colours keep their full resolution: some filters have a pattern in their colours only. Each
thumbnail is encoded by one thread, because several are made at the same time.
"""

MADE_BY = f"{KIND} " + " ".join(f"{name} {value}" for name, value in ENCODING.items())
"""Identifies how thumbnails are made; if it changes, all of them are made again."""

MANIFEST = "data/thumbnails.json"
"""The source of every thumbnail, from which the next build finds the thumbnails still valid."""


def address(name: str) -> str:
    """The URL of a thumbnail from the site's root. Only this function makes such addresses.

    Args:
        name: its name, such as `block1_conv1/3`.
    """
    return f"thumbnails/{name}.{KIND}"


@dataclass(frozen=True)
class ThumbnailRequest:
    """A thumbnail to make.

    Attributes:
        name: its name, see `address`.
        source: the picture to make it from.
        alt: its text.
        height: its height in pixels.
        digest: sha256 of the picture's file in the picture's record; None if it has no record.
    """

    name: str
    source: Path
    alt: str
    height: int = HEIGHT
    digest: str | None = None


@dataclass(frozen=True)
class Thumbnail:
    """A thumbnail of the site, and properties of its picture.

    Attributes:
        image: the thumbnail.
        digest: sha256 of the picture's file.
        colour: name of the picture's dominant colour.
    """

    image: Image
    digest: str
    colour: str


class Thumbnails:
    """Makes the thumbnails of a site, and keeps those of the last build that are still valid."""

    def __init__(self, site: SiteFolder) -> None:
        self._site = site
        self._before = _manifest(site.read_earlier(MANIFEST))
        self._now: dict[str, list[str | int]] = {}

    def make(self, requests: Sequence[ThumbnailRequest]) -> list[Thumbnail]:
        """Make thumbnails, in the order given.

        Raises:
            ResultsError: a picture is damaged, or is not the one in its record.
            OSError: a picture cannot be read, or a thumbnail cannot be written.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self._make, requests))

    def close(self) -> None:
        """Write the manifest."""
        lines = (f"{json.dumps(name)}: {json.dumps(self._now[name])}" for name in sorted(self._now))
        self._site.write(MANIFEST, ("{\n" + ",\n".join(lines) + "\n}\n").encode())

    def _make(self, request: ThumbnailRequest) -> Thumbnail:
        url = address(request.name)
        data = request.source.read_bytes()
        digest = bytes_digest(data)
        if request.digest is not None:
            check_digest(request.source, digest, request.digest)
        made_from = [digest, f"{MADE_BY} height {request.height}"]
        hue, width, height = self.keep_or_make(
            url, made_from, lambda: _encode(request.source, data, request.height)
        )
        return Thumbnail(Image(url, int(width), int(height), request.alt), digest, str(hue))

    def keep_or_make(
        self,
        url: str,
        made_from: list[str],
        make: Callable[[], tuple[bytes, tuple[str, int, int]]],
    ) -> list[str | int]:
        """Keep the picture of the last build if it is made from the same, otherwise make it.

        Args:
            url: address of the picture.
            made_from: digest of what it is made from, and how.
            make: makes its file; also returns its colour, its width and height.

        Returns:
            Its colour, its width and height.
        """
        known = self._before.get(url, [])
        if known[:2] == made_from and self._site.keep(url):
            entry = known
        else:
            encoded, properties = make()
            self._site.write(url, encoded)
            entry = [*made_from, *properties]
        self._now[url] = entry
        return entry[2:]


def fitted(picture: Pillow.Image, height: int) -> Pillow.Image:
    """The picture, scaled down to a height in pixels; a lower picture stays as it is."""
    if picture.height <= height:
        return picture
    width = max(1, round(picture.width * height / picture.height))
    return picture.resize((width, height), Pillow.Resampling.LANCZOS)


def _encode(source: Path, data: bytes, height: int) -> tuple[bytes, tuple[str, int, int]]:
    """A thumbnail's file, and its dominant colour, width and height."""
    try:
        with Pillow.open(io.BytesIO(data)) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise ResultsError(
            f"{source}: a damaged picture ({error}); delete it and run again"
        ) from error
    hue = colour.dominant(np.asarray(picture))
    picture = fitted(picture, height)
    file = io.BytesIO()
    picture.save(file, KIND, **ENCODING)
    return file.getvalue(), (hue, picture.width, picture.height)


def _manifest(written: bytes | None) -> dict[str, list[str | int]]:
    """The manifest of the last build; empty if it is missing or damaged."""
    try:
        entries = json.loads(written or b"{}")
        return {name: entry for name, entry in entries.items() if len(entry) == 5}
    except (ValueError, AttributeError, TypeError):
        return {}
