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
        strength: its usual strength: the greatest activation on the photograph at the 90th
            percentile, which one photograph in ten exceeds. If that is 0, the greatest activation
            on any photograph. 0 if no photograph fires it.
        photograph: name of the photograph that fires it most; empty if none does.
    """

    strength: float
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
                    float(row["p90"]) or float(row["greatest"]), row["photograph"] or ""
                )
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ResultsError(
            f"{path}: not the table of filters in photographs ({error}); delete it and run again"
        ) from error
