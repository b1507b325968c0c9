"""Number formats of ascents."""

from typing import Literal

Precision = Literal["float32", "bfloat16"]
PrecisionSetting = Literal["float32", "bfloat16", "auto"]
"""`auto` means bfloat16 on devices where it is known to be faster."""
