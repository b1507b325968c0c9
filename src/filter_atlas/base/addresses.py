"""Paths as text: names of files are bytes, and need not be text."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote


def to_address(path: str | Path) -> str:
    """A path, percent-encoded."""
    return quote(os.fsencode(path))


def from_address(address: str) -> Path:
    """The path of which `to_address` has made an address."""
    return Path(unquote(address, errors="surrogateescape"))


def paths_of_photographs(facts: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, Path]:
    """The files of the photographs of a run by digest, from the facts of the family `evidence`."""
    return {one["digest"]: from_address(one["address"]) for one in facts["photographs"]}
