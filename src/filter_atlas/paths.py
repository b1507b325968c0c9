"""The name of every result, in one place that the Snakefile and the library both import.

Names are relative to the folder in which Snakemake runs, and take Snakemake's wildcards as
readily as values: `picture("{layer}", "{index}")` is the pattern of all pictures.
"""

from filter_atlas.weights.fingerprint import IMAGENET_DIGEST

ROOT = "results"

OVERVIEW = f"{ROOT}/figures/overview.png"
ATLAS = f"{ROOT}/atlas"
ATLAS_INDEX = f"{ATLAS}/index.html"
LOGS = f"{ROOT}/logs"
BENCHMARKS = f"{ROOT}/benchmarks"
METRICS = f"{ROOT}/metrics"
TWINS = f"{ROOT}/twins"
CLASSES = f"{ROOT}/classes"
DREAMS = f"{ROOT}/dreams"


def weights(fingerprint: str) -> str:
    """The canonical weights that a run draws with.

    VGG16's of ImageNet have a name of their own; others carry their fingerprint, which that of
    another network is as it stands. So other weights are another file, and Snakemake sees at once
    that every picture depends on it.
    """
    name = "vgg16" if fingerprint == IMAGENET_DIGEST else f"vgg16-{fingerprint[:12]}"
    if "-" in fingerprint:
        name = fingerprint
    return f"{ROOT}/weights/{name}.h5"


def provenance(fingerprint: str) -> str:
    """The record of where those weights came from."""
    return weights(fingerprint).removesuffix(".h5") + ".json"


def picture(layer: str, index: int | str) -> str:
    """The picture of one filter."""
    return f"{ROOT}/filters/{layer}/{index}.png"


def record(layer: str, index: int | str) -> str:
    """The record of how one filter's picture came about."""
    return f"{ROOT}/filters/{layer}/{index}.json"


def variant_picture(variant: str, layer: str, index: int | str) -> str:
    """A variant of one filter's picture."""
    return f"{ROOT}/variants/{variant}/{layer}/{index}.png"


def variant_record(variant: str, layer: str, index: int | str) -> str:
    """The record of a variant."""
    return variant_picture(variant, layer, index).removesuffix(".png") + ".json"


def grid(layer: str) -> str:
    """The grid of every drawn filter of a layer, in order."""
    return f"{ROOT}/grids/{layer}.png"


def sheet(layer: str) -> str:
    """The same grid, scaled down to what a report can hold."""
    return f"{ROOT}/grids/{layer}_sheet.jpg"


def top_grid(layer: str) -> str:
    """The article's stitched grid: a layer's best filters by final activation."""
    return f"{ROOT}/grids/{layer}_top.png"


def twins(layer: str, kind: str) -> str:
    """What is written about a layer's twins: `csv` (pairs), `npz` (matrix), `json` (summary)."""
    return f"{TWINS}/{layer}.{kind}"


def class_picture(index: int | str) -> str:
    """The picture of one class of a classifier."""
    return f"{CLASSES}/{index}.png"


def class_record(index: int | str) -> str:
    """The record of a class's picture, with what the classifier makes of it."""
    return f"{CLASSES}/{index}.json"


def dream(name: str, kind: str) -> str:
    """What comes of a dream: `png`, the picture; `json`, its record; `webp` or `gif`, the zoom."""
    return f"{DREAMS}/{name}.{kind}"
