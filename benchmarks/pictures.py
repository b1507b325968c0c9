"""Comparison of image formats for the site's thumbnails.

    python benchmarks/pictures.py results                 8 filters of every layer
    python benchmarks/pictures.py results --filters 64    more of them

Takes the pictures of random filters of every layer from a run's results folder, and scales them and
the layers' mosaics as the site does. Prints for each format:

- mean bytes of a tile, also as a share of PNG's
- SSIM against the scaled PNG, mean and worst (Wang et al., "Image Quality Assessment", 2004, with
  its Gaussian window, on each channel of RGB)
- times of encoding and decoding with Pillow, on one thread, as multiples of PNG's
- whether the SSIM is above the floor: "passes"

Needs scikit-image: `pip install scikit-image`.
"""

import argparse
import io
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TypeVar

import numpy as np
from PIL import Image

from filter_atlas.site.results_loader import MOSAIC_HEIGHT
from filter_atlas.site.thumbnails import HEIGHT, fitted

try:
    from skimage.metrics import structural_similarity
except ImportError:
    sys.exit("This benchmark needs scikit-image: pip install scikit-image")

T = TypeVar("T")

SEED = 2016
REPEATS = 2
"""Number of timings; the shortest counts, because disturbances only make them longer."""

MEAN_FLOOR = 0.95
WORST_FLOOR = 0.90
"""Minimum SSIM: mean of all tiles, and of the worst tile."""


@dataclass(frozen=True)
class Format:
    """A way to encode a tile: its name, Pillow's arguments, and a preparation of the tile."""

    name: str
    save: Mapping[str, object]
    prepare: Callable[[Image.Image], Image.Image] = lambda tile: tile

    def encode(self, tile: Image.Image) -> bytes:
        """The tile's file."""
        file = io.BytesIO()
        self.prepare(tile).save(file, **self.save)  # type: ignore[arg-type]
        return file.getvalue()


@dataclass
class Measured:
    """Measurements of one format, a number for every tile; times in seconds."""

    size: list[int] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    encoding: list[float] = field(default_factory=list)
    decoding: list[float] = field(default_factory=list)

    @property
    def above_the_floor(self) -> bool:
        """Whether the tiles have the minimum SSIM."""
        return fmean(self.ssim) >= MEAN_FLOOR and min(self.ssim) >= WORST_FLOOR


def webp(quality: int) -> Format:
    """Lossy WebP; colours always at half the resolution (4:2:0)."""
    return Format(f"WebP {quality}", {"format": "WEBP", "quality": quality, "method": 4})


def avif(quality: int, subsampling: str, speed: int) -> Format:
    """Lossy AVIF; colours at full resolution (4:4:4) or at half the resolution (4:2:0).

    The encoder's `speed` runs from 0 to 10; 6 is Pillow's default.
    """
    settings = {"quality": quality, "subsampling": subsampling, "speed": speed, "max_threads": 1}
    return Format(f"AVIF {quality}, {subsampling}, speed {speed}", {"format": "AVIF", **settings})


PNG = Format("PNG", {"format": "PNG", "optimize": True})
FORMATS = (
    PNG,
    Format(
        "PNG, 256 colours",
        {"format": "PNG", "optimize": True},
        lambda tile: tile.quantize(256),
    ),
    Format("WebP, lossless", {"format": "WEBP", "lossless": True, "method": 4}),
    *(webp(quality) for quality in (50, 60, 75, 80, 85, 90, 95)),
    *(avif(quality, "4:2:0", 9) for quality in (60, 70, 80, 90)),
    *(avif(quality, "4:4:4", 9) for quality in (60, 65, 70, 75, 80)),
    *(avif(quality, "4:4:4", 6) for quality in (60, 65, 70, 75)),
)


def measure(tiles: Sequence[Image.Image]) -> dict[str, Measured]:
    """Encode and decode every tile in every format."""
    found = {one.name: Measured() for one in FORMATS}
    for tile in tiles:
        pixels = np.asarray(tile)
        for one in FORMATS:
            encoding, data = shortest(lambda one=one, tile=tile: one.encode(tile))  # type: ignore[misc]
            decoding, decoded = shortest(lambda data=data: decode(data))  # type: ignore[misc]
            measured = found[one.name]
            measured.size.append(len(data))
            measured.encoding.append(encoding)
            measured.decoding.append(decoding)
            measured.ssim.append(similarity(pixels, np.asarray(decoded)))
    return found


def decode(data: bytes) -> Image.Image:
    """Decode the picture of a file completely."""
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB")


def shortest(work: Callable[[], T]) -> tuple[float, T]:
    """The shortest processor time of some work, and its result."""
    times = []
    for _ in range(REPEATS):
        before = time.process_time()
        result = work()
        times.append(time.process_time() - before)
    return min(times), result


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM of two pictures of 8 bits, as its authors define it."""
    return float(
        structural_similarity(
            one,
            other,
            channel_axis=2,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def table(found: Mapping[str, Measured]) -> str:
    """The measurements of all formats, as a Markdown table."""
    png = found[PNG.name]
    lines = [
        "| format | bytes | of PNG's | SSIM, mean | worst | decoding | encoding | passes |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, one in found.items():
        cells = [
            name,
            f"{fmean(one.size):,.0f}",
            f"{sum(one.size) / sum(png.size):.0%}",
            f"{fmean(one.ssim):.3f}",
            f"{min(one.ssim):.3f}",
            f"× {sum(one.decoding) / sum(png.decoding):.1f}",
            f"× {sum(one.encoding) / sum(png.encoding):.1f}",
            "yes" if one.above_the_floor else "no",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def sample(results: Path, number: int) -> list[Path]:
    """The pictures of random filters of every layer."""
    stream = random.Random(SEED)
    chosen: list[Path] = []
    for layer in sorted((results / "filters").iterdir()):
        pictures = sorted(layer.glob("*.png"), key=lambda path: int(path.stem))
        chosen += stream.sample(pictures, min(number, len(pictures)))
    return chosen


def scaled(paths: Sequence[Path], height: int) -> list[Image.Image]:
    """Pictures at the size of the site."""
    return [fitted(decode(path.read_bytes()), height) for path in paths]


def main() -> None:
    """Measure tiles and mosaics, and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results folder of a run")
    parser.add_argument("--filters", type=int, default=8, help="of every layer (8)")
    arguments = parser.parse_args()
    filters = sample(arguments.results, arguments.filters)
    mosaics = sorted((arguments.results / "grids").glob("*_top.png"))
    print(f"The floor: SSIM {MEAN_FLOOR} in the mean, {WORST_FLOOR} at worst.")
    for name, paths, height in (
        ("tiles of filters", filters, HEIGHT),
        ("mosaics of layers", mosaics, MOSAIC_HEIGHT),
    ):
        print(f"\n{len(paths)} {name}, {height} px high\n", flush=True)
        print(table(measure(scaled(paths, height))), flush=True)


if __name__ == "__main__":
    main()
