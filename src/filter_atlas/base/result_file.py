"""Reading the JSON files that are written beside results."""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import TypeAdapter, ValidationError

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.regular_files import read_regular


class ResultFile:
    """A dataclass or model whose values are JSON files among the results.

    Attributes:
        error_text: what an error message says of any other file.
    """

    error_text: ClassVar[str]

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a file that holds all fields and no others.

        Raises:
            ResultsError: the file is missing, or is not of this kind.
        """
        try:
            adapter = _adapter(cls)  # type: ignore[arg-type]  # classes are hashable
            value: Self = adapter.validate_json(read_regular(path), extra="forbid")
        except (OSError, ValidationError) as error:
            raise ResultsError(
                f"{path}: {cls.error_text} ({error}); delete it and run again"
            ) from error
        return value


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
