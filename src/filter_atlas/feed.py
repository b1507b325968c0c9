"""What a network is fed: from a picture's grey levels to the numbers it was trained on.

Everywhere in Filter Atlas a picture is BGR, in grey levels (0 to 255), nothing subtracted. Each
network was trained on something else, and what it answers means nothing unless it is fed that.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Order = Literal["rgb", "bgr"]
FeedName = Literal["raw", "raw_bgr", "unit", "caffe", "tf", "torch"]

Channels = tuple[float, float, float]

Level = Annotated[float, Field(ge=-1e6, le=1e6)]
Width = Annotated[float, Field(gt=0, le=1e6)]


def _of_each(value: Any) -> Any:
    """One number for all three channels."""
    one = isinstance(value, int | float) and not isinstance(value, bool)
    return (value, value, value) if one else value


class Feed(BaseModel):
    """Channels in some order, each less its mean and divided by its deviation.

    Attributes:
        order: order of the channels, for networks of three; one of one channel is fed luminance.
        mean: what is subtracted, in grey levels, in that order.
        deviation: what is divided by, in grey levels, in that order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Order = "rgb"
    mean: Annotated[
        tuple[Level, Level, Level],
        BeforeValidator(_of_each, json_schema_input_type=Level | tuple[Level, Level, Level]),
    ] = (0.0, 0.0, 0.0)
    deviation: Annotated[
        tuple[Width, Width, Width],
        BeforeValidator(_of_each, json_schema_input_type=Width | tuple[Width, Width, Width]),
    ] = (1.0, 1.0, 1.0)

    @property
    def suits_grey(self) -> bool:
        """Whether all channels are treated alike, so that a network of one can be fed."""
        return len(set(self.mean)) == len(set(self.deviation)) == 1

    def __str__(self) -> str:
        """The feed as a setting: its name, if it has one, or a mapping."""
        names = [name for name, feed in FEEDS.items() if feed == self]
        mean, deviation = list(self.mean), list(self.deviation)
        mapping = f"{{order: {self.order}, mean: {mean}, deviation: {deviation}}}"
        return names[0] if names else mapping


FEEDS: dict[FeedName, Feed] = {
    # Networks that hold their own preprocessing, as layers.
    "raw": Feed(),
    # What the article's script fed to VGG16, which was not trained on it.
    "raw_bgr": Feed(order="bgr"),
    "unit": Feed(deviation=(255.0, 255.0, 255.0)),
    # The three modes of `keras.applications.imagenet_utils.preprocess_input`. The first is what
    # VGG16 was trained on.
    "caffe": Feed(order="bgr", mean=(103.939, 116.779, 123.68)),
    "tf": Feed(mean=(127.5, 127.5, 127.5), deviation=(127.5, 127.5, 127.5)),
    "torch": Feed(
        mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
        deviation=(0.229 * 255, 0.224 * 255, 0.225 * 255),
    ),
}
"""The usual ones, by name."""


def _named(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value in FEEDS:
        return FEEDS[value]
    names = ", ".join(get_args(FeedName))
    raise ValueError(f"allowed are {names}, or a mapping of order, mean and deviation")


FeedSetting = Annotated[Feed, BeforeValidator(_named, json_schema_input_type=FeedName | Feed)]
"""A feed in settings: by name, or as a mapping."""

LUMINANCE: Channels = (0.114, 0.587, 0.299)
"""What blue, green and red count in a picture's luminance (ITU-R BT.601)."""
