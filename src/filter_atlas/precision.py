"""The numbers that ascents are computed in."""

from collections.abc import Sequence
from typing import Literal

from filter_atlas import devices

Precision = Literal["float32", "bfloat16"]
PrecisionSetting = Literal["float32", "bfloat16", "auto"]


def resolve(setting: PrecisionSetting, chosen: Sequence[str]) -> Precision:
    """The precision that the setting `precision` means on this machine.

    Args:
        setting: the setting; `auto` is bfloat16 where every device computes in it.
        chosen: the devices that draw.
    """
    if setting != "auto":
        return setting
    return "bfloat16" if all(map(devices.computes_bfloat16, chosen)) else "float32"
