"""The setting `circuits`: whether it is shown how filters are built from each other."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

_WORDS = {"all": True, "none": False}


def _from_word(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    raise ValueError("allowed are all and none")


CircuitsSetting = Annotated[
    bool,
    Field(strict=True),
    BeforeValidator(_from_word, json_schema_input_type=Literal["all", "none"]),
]
"""The setting: `all`, or `none`; true for `all`."""
