"""Preprocessing: from a picture's grey levels to the numbers that a network was trained on.

Everywhere in Filter Atlas a picture is BGR, in grey levels (0 to 255), with nothing subtracted.
Networks were trained on other numbers, and each network converts pictures to its own.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field

Order = Literal["rgb", "bgr"]
PreprocessingName = Literal["raw", "raw_bgr", "unit", "caffe", "tf", "torch"]

Channels = tuple[float, float, float]

Level = Annotated[float, Field(ge=-1e6, le=1e6)]
Scale = Annotated[float, Field(gt=0, le=1e6)]


def _for_each_channel(value: Any) -> Any:
    """Repeat a single number for all three channels."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (value, value, value) if is_number else value


class Preprocessing(BaseModel, frozen=True, extra="forbid"):
    """An order of channels, and each channel's mean and standard deviation.

    A network sees (grey level - mean) / std.

    Attributes:
        order: order of the channels. A network with one channel sees luminance instead.
        mean: in grey levels, in this order.
        std: standard deviation, in grey levels, in this order.
    """

    order: Order = "rgb"
    mean: Annotated[
        tuple[Level, Level, Level],
        BeforeValidator(
            _for_each_channel, json_schema_input_type=Level | tuple[Level, Level, Level]
        ),
    ] = (0.0, 0.0, 0.0)
    std: Annotated[
        tuple[Scale, Scale, Scale],
        BeforeValidator(
            _for_each_channel, json_schema_input_type=Scale | tuple[Scale, Scale, Scale]
        ),
    ] = (1.0, 1.0, 1.0)

    @property
    def suits_grey(self) -> bool:
        """Whether all channels have equal numbers, as a network with one channel needs."""
        return len(set(self.mean)) == len(set(self.std)) == 1

    def __str__(self) -> str:
        """The preprocessing as a setting: its name if it has one, else a mapping."""
        names = [name for name, preprocessing in PREPROCESSINGS.items() if preprocessing == self]
        mean, std = list(self.mean), list(self.std)
        mapping = f"{{order: {self.order}, mean: {mean}, std: {std}}}"
        return names[0] if names else mapping


PREPROCESSINGS: dict[PreprocessingName, Preprocessing] = {
    # For networks that contain their own preprocessing, as layers.
    "raw": Preprocessing(),
    # The article's script used this for VGG16, which was trained on `caffe`.
    "raw_bgr": Preprocessing(order="bgr"),
    "unit": Preprocessing(std=(255.0, 255.0, 255.0)),
    # The three modes of `keras.applications.imagenet_utils.preprocess_input`. VGG16 was trained
    # on the first.
    "caffe": Preprocessing(order="bgr", mean=(103.939, 116.779, 123.68)),
    "tf": Preprocessing(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)),
    "torch": Preprocessing(
        mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
        std=(0.229 * 255, 0.224 * 255, 0.225 * 255),
    ),
}
"""The usual preprocessings, by name."""


def _by_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value in PREPROCESSINGS:
        return PREPROCESSINGS[value]
    names = ", ".join(get_args(PreprocessingName))
    raise ValueError(f"allowed are {names}, or a mapping of order, mean and std")


PreprocessingSetting = Annotated[
    Preprocessing,
    BeforeValidator(_by_name, json_schema_input_type=PreprocessingName | Preprocessing),
]
"""A preprocessing in settings: its name, or a mapping."""

LUMINANCE: Channels = (0.114, 0.587, 0.299)
"""Weights of blue, green and red in a picture's luminance (ITU-R BT.601)."""
