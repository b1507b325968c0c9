"""The setting `devices`: where filters are drawn."""

import re
from typing import Annotated

from pydantic import PlainValidator


def _devices(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if names == ["auto"]:
        return ("auto",)
    if (
        not isinstance(names, list)
        or not names
        or not all(re.fullmatch(r"cpu|gpu:(0|[1-9][0-9]*)", str(name)) for name in names)
    ):
        raise ValueError('allowed are "auto", or a list of "cpu" and "gpu:0", "gpu:1", …')
    return tuple(map(str, names))


DevicesSetting = Annotated[
    tuple[str, ...], PlainValidator(_devices, json_schema_input_type=str | list[str])
]
"""`auto` alone, or names of devices."""
