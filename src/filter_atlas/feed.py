"""What a classifier is fed: from a picture's grey levels to the numbers it was trained on.

Everywhere in Filter Atlas a picture is BGR, in grey levels (0 to 255), nothing subtracted. Each
classifier was trained on something else, and its probabilities mean nothing unless it is fed that.
"""

from dataclasses import dataclass
from typing import Literal

Order = Literal["rgb", "bgr"]
FeedName = Literal["raw", "raw_bgr", "unit", "caffe", "tf", "torch"]

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Feed:
    """Channels in some order, each less its mean and divided by its deviation.

    Attributes:
        order: order of the channels, for networks of three; one of one channel is fed luminance.
        mean: what is subtracted, in grey levels, in that order.
        deviation: what is divided by, in grey levels, in that order.
    """

    order: Order
    mean: Channels = (0.0, 0.0, 0.0)
    deviation: Channels = (1.0, 1.0, 1.0)

    @property
    def suits_grey(self) -> bool:
        """Whether all channels are treated alike, so that a network of one can be fed."""
        return len(set(self.mean)) == len(set(self.deviation)) == 1


FEEDS: dict[FeedName, Feed] = {
    # Networks that hold their own preprocessing, as layers.
    "raw": Feed("rgb"),
    # What the article's script fed to VGG16, which was not trained on it.
    "raw_bgr": Feed("bgr"),
    "unit": Feed("rgb", deviation=(255.0, 255.0, 255.0)),
    # The three modes of `keras.applications.imagenet_utils.preprocess_input`. The first is what
    # VGG16 was trained on.
    "caffe": Feed("bgr", mean=(103.939, 116.779, 123.68)),
    "tf": Feed("rgb", mean=(127.5, 127.5, 127.5), deviation=(127.5, 127.5, 127.5)),
    "torch": Feed(
        "rgb",
        mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
        deviation=(0.229 * 255, 0.224 * 255, 0.225 * 255),
    ),
}
"""The usual ones, by name."""

LUMINANCE: Channels = (0.114, 0.587, 0.299)
"""What blue, green and red count in a picture's luminance (ITU-R BT.601)."""
