"""The filters that have a twin, read from the file of the family `twins`."""

from itertools import chain
from pathlib import Path

from pydantic import BaseModel, ValidationError

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.regular_files import read_regular


class _Twins(BaseModel):
    """The twins of a layer; see docs/twins.md."""

    groups: tuple[tuple[int, ...], ...]


def read_twins(path: Path) -> list[int]:
    """The indices of a layer's filters that have a twin.

    Raises:
        ResultsError: the file is missing or damaged.
    """
    try:
        groups = _Twins.model_validate_json(read_regular(path)).groups
    except (OSError, ValidationError) as error:
        raise ResultsError(f"{path}: not a layer's twins; delete it and run again") from error
    return sorted(chain.from_iterable(groups))
