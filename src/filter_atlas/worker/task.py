"""The tasks of a worker, the requests that carry them, and the results.

There are two kinds of tasks: drawing one filter, and measuring the pictures of one layer.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, Protocol

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo

from filter_atlas.base import architecture
from filter_atlas.base.precision import Precision
from filter_atlas.settings.recipe import Recipe

DRAWING = "filter_atlas.worker.drawing"
"""The module that draws: root of the code that a picture and its record depend on."""

MEASURING = "filter_atlas.worker.measuring"
"""The module that measures: root of the code that the measures of pictures depend on."""

WORKER = "filter_atlas.worker.__main__"
"""The module that a worker runs: root of all its code."""


def _known_layer(layer: str, info: ValidationInfo) -> str:
    if layer not in architecture.architecture_in_context(info).by_name:
        raise ValueError("unknown layer")
    return layer


def _filter_of_layer(filter: int, info: ValidationInfo) -> int:
    layer = architecture.architecture_in_context(info).by_name.get(info.data.get("layer", ""))
    if layer and filter >= layer.filters:
        raise ValueError("the layer has no such filter")
    return filter


_Layer = Annotated[str, AfterValidator(_known_layer)]
_Filter = Annotated[int, Field(strict=True, ge=0), AfterValidator(_filter_of_layer)]


class BatchKey(NamedTuple):
    """The properties that all drawing tasks of a batch share."""

    layer: str
    recipe: str
    precision: Precision


class DrawTask(BaseModel, frozen=True, extra="forbid"):
    """One filter to draw, as the plan wrote it into the job.

    If the network is not VGG16, its architecture must be in the context of the validation.
    """

    layer: _Layer
    filter: _Filter
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)]
    recipe: Recipe
    precision: Precision
    weights: str
    code: str

    @property
    def batch_key(self) -> BatchKey:
        """The key that all tasks of one batch share."""
        return BatchKey(self.layer, self.recipe.digest, self.precision)


class MeasureTask(BaseModel, frozen=True, extra="forbid"):
    """The drawn filters of one layer to measure, as the plan wrote them into the job.

    Validated in the same way as `DrawTask`.

    Attributes:
        folder: absolute path of the folder of the run, which the job adds. The names of the
            pictures in it follow from layer, variant and filters.
        layer: name of the layer.
        variant: the variant whose pictures are measured; None for the filters' own pictures.
        filters: indices of the filters.
        as_trained: as in the recipe that drew the pictures.
        weights: fingerprint of the network and its weights.
        code: digest of the code that measures.
    """

    folder: str
    layer: _Layer
    variant: str | None
    filters: Annotated[tuple[_Filter, ...], Field(min_length=1)]
    as_trained: bool
    weights: str
    code: str


Task = DrawTask | MeasureTask


class Request(BaseModel, frozen=True, extra="forbid"):
    """A client's message.

    Attributes:
        key: the key of the endpoint.
        run: process id of the Snakemake that the client works for.
        pending: path of the file in which that Snakemake lists the filters it still needs.
        task: the task.
    """

    key: str
    run: Annotated[int, Field(strict=True, gt=0)] | None
    pending: str | None = None
    task: Task


Files = tuple[bytes, ...]
"""The contents of a task's result files, in the order in which the job names them."""


class FilterResult(NamedTuple):
    """The files of one drawn filter: a PNG and a JSON record."""

    picture: bytes
    record: bytes


class Engine(Protocol):
    """The part of a worker that computes."""

    def max_batch_size(self, key: BatchKey) -> int:
        """Maximum number of drawing tasks of a batch key in one batch."""
        ...

    def draw(self, tasks: Sequence[DrawTask]) -> Sequence[Callable[[], FilterResult]]:
        """Draw tasks of one batch key; each returned function encodes one filter's files."""
        ...

    def measure(self, task: MeasureTask) -> Callable[[], Files]:
        """Measure the pictures of a layer; the returned function encodes the files."""
        ...
