"""The record of a dream: the photographs, the method, and the result."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field

from filter_atlas.base.result_file import ResultFile
from filter_atlas.readers.photograph import Photograph


class PhotographRecord(BaseModel, frozen=True, extra="forbid"):
    """A photograph of a dream, without its folder, which is private."""

    name: str = Field(description="Name of its file, without the folder.")
    digest: str = Field(description="sha256 of its file.")
    taken: tuple[int, int] = Field(description="Width and height in the file, upright, in pixels.")
    used: tuple[int, int] = Field(description="Width and height in the dream, in pixels.")

    @classmethod
    def from_photograph(cls, photograph: Photograph) -> Self:
        """The record of a photograph."""
        height, width, _ = photograph.pixels.shape
        return cls(
            name=photograph.name,
            digest=photograph.digest,
            taken=photograph.original_size,
            used=(width, height),
        )


class DreamRecord(ResultFile, BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """The record of a dream. It has no time stamp: equal dreams have equal records."""

    error_text: ClassVar = "not a dream's record"

    photo: PhotographRecord = Field(description="The photograph.")
    guide: PhotographRecord | None = Field(description="The guide, if there is one.")
    dream: dict[str, Any] = Field(description="The settings without paths.")
    seed: int = Field(description="The seed of the random shifts.")
    loss: tuple[tuple[float, ...], ...] = Field(
        description="The objective before each step, for every octave, smallest first."
    )
    weights_digest: str = Field(description="sha256 of the canonical weights.")
    picture_digest: str = Field(description="sha256 of the picture's file.")
    device: str = Field(description="Kind of device that computed the dream.")
    versions: dict[str, str] = Field(description="Versions of the software that was used.")

    def to_json(self) -> bytes:
        """The record as JSON; equal records give equal bytes."""
        return f"{self.model_dump_json(indent=2)}\n".encode()
