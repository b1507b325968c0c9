"""The numbers that ascents are computed in."""

from typing import Literal

Precision = Literal["float32", "bfloat16"]
PrecisionSetting = Literal["float32", "bfloat16", "auto"]
"""`auto` is bfloat16 where that is known to be faster."""
