"""The record of a dream: what was done to which photograph, with what, and what came of it."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from filter_atlas.dream.photograph import Photograph
from filter_atlas.errors import ResultsError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """A photograph that took part. Where it lay is left out: that is nobody's business."""

    name: str = Field(description="Name of its file, without the folder.")
    digest: str = Field(description="sha256 of its file.")
    taken: tuple[int, int] = Field(description="Width and height in the file, upright, in pixels.")
    used: tuple[int, int] = Field(description="Width and height at which it was used.")

    @classmethod
    def of(cls, photograph: Photograph) -> Self:
        """What is recorded of a photograph."""
        height, width, _ = photograph.pixels.shape
        return cls(
            name=photograph.name,
            digest=photograph.digest,
            taken=photograph.taken,
            used=(width, height),
        )


class DreamRecord(_Part):
    """What is written beside a dream; no time stamp, so equal dreams have equal records."""

    photo: Source = Field(description="The photograph.")
    guide: Source | None = Field(description="The guide, where there was one.")
    dream: dict[str, Any] = Field(description="The settings, but for paths.")
    seed: int = Field(description="The seed of the random shifts.")
    loss: tuple[tuple[float, ...], ...] = Field(
        description="For every octave, the smallest first, the objective before each step."
    )
    weights_digest: str = Field(description="sha256 of the canonical weights.")
    device: str = Field(description="Kind of device that computed it.")
    versions: dict[str, str] = Field(description="Versions of the software that took part.")

    def to_json(self) -> bytes:
        """The record as it is written."""
        return f"{self.model_dump_json(indent=2)}\n".encode()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record back.

        Raises:
            ResultsError: the file is missing or is no record.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ResultsError(
                f"{path}: not a dream's record ({error}); delete it and run again to dream it anew"
            ) from error
