"""A recipe: everything that decides how a picture grows from noise, as one frozen value."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from filter_atlas import digests
from filter_atlas.vgg16 import MINIMUM_SIZE

MAXIMUM_SIZE = 2048

Objective = Literal["activation", "pre_activation"]


class Phase(BaseModel):
    """A run of steps at one size of the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(strict=True, ge=MINIMUM_SIZE, le=MAXIMUM_SIZE)] = Field(
        description="Side of the square picture, in pixels."
    )
    steps: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        description="Number of gradient steps."
    )
    rate: Annotated[float, Field(strict=True, gt=0, le=1_000, allow_inf_nan=False)] = Field(
        description="Step size, in grey levels (0 to 255) per step of RMS-normalised gradient."
    )


class Recipe(BaseModel):
    """How one filter's picture is made.

    A picture starts as uniform noise and takes the phases in order, resized (bilinear) where
    the size changes; the last phase's size is the size of the picture. Each step adds `rate`
    times the gradient of the objective, divided by its root mean square. At the end the picture
    is centred and scaled to a standard deviation of `contrast` around mid-grey.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: Objective = Field(
        default="pre_activation",
        description="What is maximised, as a mean over space: the filter's `activation` (after "
        "ReLU; zero gradient for a filter that is silent at the start) or its `pre_activation` "
        "(before ReLU; always has a gradient).",
    )
    schedule: Annotated[tuple[Phase, ...], Field(min_length=1)] = Field(
        description="Phases in order, usually coarse to fine."
    )
    start_floor: Annotated[float, Field(strict=True, ge=0, le=255)] = Field(
        default=128.0, description="Lowest value of the noise at the start, in grey levels."
    )
    start_noise: Annotated[float, Field(strict=True, gt=0, le=255)] = Field(
        default=20.0, description="Range of the noise at the start, in grey levels."
    )
    contrast: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=0.1,
        description="Standard deviation of the finished picture, as a share of the full range.",
    )

    @property
    def size(self) -> int:
        """Side of the finished picture, in pixels."""
        return self.schedule[-1].size

    @property
    def steps(self) -> int:
        """Number of steps over all phases."""
        return sum(phase.steps for phase in self.schedule)

    @property
    def digest(self) -> str:
        """sha256 that names this recipe."""
        return digests.of_value(self.model_dump(mode="json"))


PRESETS = {
    # F. Chollet, "How convolutional neural networks see the world", The Keras Blog (2016).
    "blog2016": Recipe(
        objective="activation",
        schedule=(Phase(size=128, steps=20, rate=1.0),),
        start_floor=128.0,
        start_noise=20.0,
        contrast=0.1,
    ),
    # The same ascent on the pre-activation, coarse to fine: every filter has a gradient, forms
    # are larger and cleaner, and most steps are taken where they are cheap.
    "atlas": Recipe(
        objective="pre_activation",
        schedule=(
            Phase(size=64, steps=12, rate=4.0),
            Phase(size=96, steps=6, rate=2.0),
            Phase(size=128, steps=4, rate=1.0),
        ),
    ),
}
"""The recipes that ship with the product, by name."""
