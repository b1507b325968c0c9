"""The names of the results that every run has, in one place.

Names are relative to the folder in which Snakemake runs. Arguments can be values or
Snakemake's wildcards: `picture("{layer}", "{index}")` is the pattern of all pictures. A family
names its own results in its module `family`.
"""

import re

ROOT = "results"
CACHE = ".cache"
"""Folder of downloads and of descriptions of networks, for all runs in the same folder."""

OVERVIEW = f"{ROOT}/figures/overview.png"
ATLAS = f"{ROOT}/atlas"
ATLAS_INDEX = f"{ATLAS}/index.html"
LOGS = f"{ROOT}/logs"
BENCHMARKS = f"{ROOT}/benchmarks"
METRICS = f"{ROOT}/metrics"

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, with or without an ending."""


def portable(name: str) -> str:
    """A name that is safe in file names of Linux, as one that is safe on every system.

    Windows has no file of the name of a device, and no folder whose name ends with a dot.
    """
    named = _DEVICE.sub(r"\1_", name, count=1) if _DEVICE.match(name) else name
    return f"{named.rstrip('.')}_" if named.endswith(".") else named


def weights(network: str) -> str:
    """The canonical file of a network and its weights.

    Args:
        network: the network's fingerprint. Other weights have another file, so Snakemake notices
            when the weights change.
    """
    return f"{ROOT}/weights/{network}.h5"


def provenance(network: str) -> str:
    """The record of where these weights came from."""
    return f"{ROOT}/weights/{network}.json"


def picture(layer: str, index: int | str, variant: str | None = None) -> str:
    """The picture of one filter, or a variant of it."""
    return f"{_drawings(variant)}/{layer}/{index}.png"


def record(layer: str, index: int | str, variant: str | None = None) -> str:
    """The record of how that picture came about."""
    return f"{_drawings(variant)}/{layer}/{index}.json"


def measures(layer: str, variant: str | None = None) -> str:
    """The measures of the pictures of a layer's filters, or of a variant of them."""
    folder = f"{METRICS}/variants/{variant}" if variant else METRICS
    return f"{folder}/{layer}.json"


def activation_paths(layer: str) -> str:
    """The paths of the pictures of a layer's filters; see `measure.cells`."""
    return f"{METRICS}/{layer}.paths.npz"


def contributions(layer: str) -> str:
    """What feeds the filters of a layer on their pictures; see `measure.contributions`."""
    return f"{METRICS}/{layer}.contributions.npz"


def grid(layer: str) -> str:
    """The grid of every drawn filter of a layer, in order."""
    return f"{ROOT}/grids/{layer}.png"


def sheet(layer: str) -> str:
    """The same grid, scaled down for a report."""
    return f"{ROOT}/grids/{layer}_sheet.jpg"


def top_grid(layer: str) -> str:
    """The article's stitched grid: a layer's best filters by final activation."""
    return f"{ROOT}/grids/{layer}_top.png"


def _drawings(variant: str | None) -> str:
    return f"{ROOT}/variants/{variant}" if variant else f"{ROOT}/filters"
