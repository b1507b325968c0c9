"""The filters that have a twin, read from the file of the family `twins`."""

from itertools import chain
from pathlib import Path

from pydantic import BaseModel

from filter_atlas.base.result_file import read_part


class _Twins(BaseModel):
    """The twins of a layer; see docs/twins.md."""

    groups: tuple[tuple[int, ...], ...]


def read_twins(path: Path) -> list[int]:
    """The indices of a layer's filters that have a twin.

    Raises:
        ResultsError: the file is missing or damaged.
    """
    found = read_part(path, _Twins, "not a layer's twins")
    return sorted(chain.from_iterable(found.groups))
