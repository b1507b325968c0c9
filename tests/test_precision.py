"""What `precision` means on a machine."""

import pytest

from filter_atlas import devices
from filter_atlas.precision import PrecisionSetting, resolve


@pytest.mark.parametrize("setting", ["float32", "bfloat16"])
def test_a_precision_that_is_named_is_taken(setting: PrecisionSetting) -> None:
    assert resolve(setting, ["cpu"]) == setting


@pytest.mark.parametrize(
    ("chosen", "precision"),
    [
        (["gpu:0"], "bfloat16"),
        (["gpu:0", "gpu:1"], "bfloat16"),
        (["gpu:0", "cpu"], "float32"),
        (["cpu"], "float32"),
    ],
)
def test_auto_is_bfloat16_where_every_device_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, chosen: list[str], precision: str
) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: device.startswith("gpu"))

    assert resolve("auto", chosen) == precision
