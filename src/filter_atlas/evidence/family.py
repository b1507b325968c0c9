"""Evidence as a family of results."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from filter_atlas.base.architecture import Architecture
from filter_atlas.base.digests import value_digest
from filter_atlas.base.errors import WARNING
from filter_atlas.base.paths import CACHE, ROOT
from filter_atlas.evidence.photographs import chunks, find_photographs, to_facts
from filter_atlas.evidence.ranking import MOST_PATCHES
from filter_atlas.networks import arithmetic
from filter_atlas.settings.applications import USUAL_SIZE
from filter_atlas.settings.config import Config
from filter_atlas.settings.family import Facts, Family

NAME = "evidence"

FOLDER = f"{ROOT}/evidence"
FILTERS = f"{FOLDER}/filters.csv"
PHOTOGRAPHS = f"{FOLDER}/photographs.json"
COPIES = f"{FOLDER}/photographs"
STRONGEST = f"{FOLDER}/strongest.npz"

OBSERVATIONS = ("json", "npy", "cells.npy")
"""The kinds of files about a chunk of photographs: its record, its rows, its counts of cells."""


def path(layer: str) -> str:
    """The evidence of a layer's filters."""
    return f"{FOLDER}/layers/{layer}.json"


def observations(chunk: str, kind: str) -> str:
    """A file about a chunk of photographs; `kind` is one of `OBSERVATIONS`."""
    return f"{FOLDER}/observations/{chunk}.{kind}"


def heat(layer: str) -> str:
    """The heat maps of the patches of a layer's filters."""
    return f"{FOLDER}/heat/{layer}.npz"


def activation_paths(layer: str) -> str:
    """The paths of the top patches of a layer's filters; see `measure.cells`."""
    return f"{FOLDER}/paths/{layer}.npz"


def copy(digest: str) -> str:
    """The copy of a photograph, as scaled for the network, from which patches are cut."""
    return f"{COPIES}/{digest}.webp"


def store(network: str, layers: Sequence[str], size: int | None, code: str) -> str:
    """The folder in which observations are kept by photograph, beyond a run.

    Args:
        network: the network's fingerprint.
        layers: names of the observed layers.
        size: the setting `size`.
        code: digest of the code that observes.
    """
    identity = value_digest([list(layers), size, code])[:12]
    return f"{CACHE}/observations/{network}-{identity}"


def chunks_of_run(config: Config, facts: Facts) -> dict[str, list[str]]:
    """The digests of the photographs of each chunk, by its name.

    Args:
        config: the settings.
        facts: what the preflight of the run has found.
    """
    if config.photos is None:
        return {}
    digests = [photograph["digest"] for photograph in facts["photographs"]]
    return chunks(digests, config.photos.chunk)


def names_digest(facts: Facts) -> str:
    """Digest of the names of all photographs, which results show."""
    photographs = facts.get("photographs", [])
    names = [(photograph["digest"], photograph["name"]) for photograph in photographs]
    return value_digest([names, facts.get("left_out", [])])


def _results(config: Config) -> list[str]:
    if config.photos is None:
        return []
    by_layer = [file(layer) for layer in config.filters for file in (path, heat, activation_paths)]
    return [*by_layer, FILTERS, PHOTOGRAPHS, COPIES, STRONGEST]


def _preflight(config: Config) -> Facts:
    """Find the photographs; warn of files that are left out.

    Raises:
        PhotoError: a folder is missing, or no photograph can be read.
    """
    if config.photos is None:
        return {}
    found = find_photographs(config.photos, Path(CACHE))
    if found.warning:
        print(f"{WARNING}{found.warning}", file=sys.stderr)
    return to_facts(found)


def _site_metadata(config: Config) -> Facts:
    return {"observed": config.photos is not None}


def _observing(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    return len(chunks_of_run(config, facts)[wildcards["chunk"]]) * _one_photograph(config)


def _mapping(
    config: Config, facts: Facts, architecture: Architecture, wildcards: Mapping[str, str]
) -> float:
    # Every filter shows a few photographs, so nearly all of them are shown unless there are many.
    shown = min(len(facts["photographs"]), MOST_PATCHES * sum(map(len, config.filters.values())))
    return shown * _one_photograph(config)


def _one_photograph(config: Config) -> int:
    size = config.photos.size if config.photos else None
    return arithmetic.observation(size or USUAL_SIZE)


EVIDENCE = Family(
    NAME, _results, _preflight, _site_metadata, {"observe": _observing, "heat": _mapping}
)
