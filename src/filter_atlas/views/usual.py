"""The usual strength of filters, from the table of the family `evidence`."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filter_atlas.base.errors import ResultsError

Key = tuple[str, int]
"""A filter: the name of its layer, and its index."""


@dataclass(frozen=True)
class Usual:
    """How photographs fire a filter.

    Attributes:
        greatest: greatest activation on any photograph.
        photograph: name of this photograph; empty if no photograph fires it.
    """

    greatest: float
    photograph: str


def read_usual(path: Path) -> Mapping[Key, Usual]:
    """Read how photographs fire the filters.

    Args:
        path: the table of filters; see docs/evidence.md.

    Raises:
        ResultsError: it is missing or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {
                (row["layer"], int(row["filter"])): Usual(
                    float(row["greatest"]), row["photograph"] or ""
                )
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ResultsError(
            f"{path}: not the table of filters in photographs ({error}); delete it and run again"
        ) from error
