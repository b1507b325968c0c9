"""What a worker is asked to do, and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from filter_atlas import architecture
from filter_atlas.precision import Precision
from filter_atlas.recipe import Recipe


class Kind(NamedTuple):
    """What all tasks of a batch share."""

    layer: str
    recipe: str
    precision: Precision


class Task(BaseModel):
    """One filter to draw, as the plan wrote it into the job.

    Validate it with the architecture that it is about as context, where that is not VGG16's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    filter: Annotated[int, Field(strict=True, ge=0)]
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)]
    recipe: Recipe
    precision: Precision
    weights: str
    code: str

    @field_validator("layer")
    @classmethod
    def _known(cls, layer: str, info: ValidationInfo) -> str:
        if layer not in architecture.of(info).by_name:
            raise ValueError("unknown layer")
        return layer

    @field_validator("filter")
    @classmethod
    def _in_layer(cls, filter: int, info: ValidationInfo) -> int:
        layer = architecture.of(info).by_name.get(info.data.get("layer", ""))
        if layer and filter >= layer.filters:
            raise ValueError("no such filter in this layer")
        return filter

    @property
    def kind(self) -> Kind:
        """What tasks must share to be drawn in one batch."""
        return Kind(self.layer, self.recipe.digest, self.precision)


class Request(BaseModel):
    """What a client says: the key it read, its task, and the Snakemake it works for.

    `ahead` is the path of the file in which that Snakemake has left word of all that it lacks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    run: Annotated[int, Field(strict=True, gt=0)] | None
    ahead: str | None = None
    task: Task


@dataclass(frozen=True)
class Drawn:
    """One filter's results, as they are written: a PNG and a JSON record."""

    picture: bytes
    record: bytes


class Engine(Protocol):
    """What draws."""

    def most(self, kind: Kind) -> int:
        """Most tasks of a kind to draw at once."""
        ...

    def draw(self, tasks: Sequence[Task]) -> list[Callable[[], Drawn]]:
        """Draw tasks of one kind; return, for each, what is left to do off the device."""
        ...
