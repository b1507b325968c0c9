"""Reading and writing the JSON files that lie beside results."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.regular_files import read_regular

Part = TypeVar("Part", bound=BaseModel)


class ResultFile:
    """A dataclass or model whose values are JSON files among the results.

    Attributes:
        error_text: what an error message says of any other file.
    """

    error_text: ClassVar[str]

    # A number such as 1e400 is infinite when it is read. Nothing that is written here is.
    __pydantic_config__ = ConfigDict(allow_inf_nan=False)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a file that holds all fields and no others.

        Raises:
            ResultsError: the file is missing, or is not of this kind.
        """
        try:
            adapter = _adapter(cls)  # type: ignore[arg-type]  # classes are hashable
            value: Self = adapter.validate_json(read_regular(path), extra="forbid")
        except OSError as error:
            raise ResultsError(
                f"{path}: {cls.error_text} ({error}); delete it and run again"
            ) from error
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(map(str, problem["loc"])) or "the whole file"
            raise ResultsError(
                f"{path}: {cls.error_text} ({place}: {problem['msg']}); delete it and run again"
            ) from error
        return value


def read_part(path: Path, part: type[Part], error_text: str) -> Part:
    """Read the fields that are needed of a file that another family has written.

    Args:
        path: the file.
        part: a model of these fields; others are ignored.
        error_text: what an error message says of any other file.

    Raises:
        ResultsError: the file is missing, or is not of this kind.
    """
    try:
        return part.model_validate_json(read_regular(path))
    except (OSError, ValidationError) as error:
        raise ResultsError(f"{path}: {error_text}; delete it and run again") from error


def json_by_index(values: Mapping[str, Any], table: str, compact: bool = False) -> bytes:
    """A file's values as JSON: a line for each field, and one for each row of a table.

    Equal values give equal bytes.

    Args:
        values: the values of all fields, by name.
        table: name of the last field: rows by their index.
        compact: whether rows have no spaces.
    """
    separators = (",", ":") if compact else None
    head = [
        f'  "{name}": {json.dumps(value, sort_keys=True)}'
        for name, value in values.items()
        if name != table
    ]
    rows = [
        f'    "{index}": {json.dumps(row, separators=separators)}'
        for index, row in sorted(values[table].items())
    ]
    last = f'  "{table}": {{\n' + ",\n".join(rows) + "\n  }"
    return ("{\n" + ",\n".join([*head, last]) + "\n}\n").encode()


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
