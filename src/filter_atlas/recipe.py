"""A recipe: everything that decides how a picture grows from noise, as one frozen value.

The vocabulary is Lucid's (C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization", Distill,
2017): an *objective* is maximised over the parameters of a *parametrisation*, seen through
*transforms*, by an *optimiser*, held back by *regularisers*.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from filter_atlas import architecture, digests
from filter_atlas.vgg16 import MINIMUM_SIZE

MAXIMUM_SIZE = 2048

Objective = Literal["activation", "pre_activation", "leaky_activation"]
Place = Literal["everywhere", "centre"]
Parametrisation = Literal["pixels", "fourier"]
Optimiser = Literal["rms", "adam"]
Resize = Literal["bilinear", "bicubic"]

Share = Annotated[float, Field(strict=True, ge=0, le=1_000, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(_Part):
    """A run of steps at one size of the picture."""

    size: Annotated[int, Field(strict=True, ge=MINIMUM_SIZE, le=MAXIMUM_SIZE)] = Field(
        description="Side of the square picture, in pixels."
    )
    steps: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(
        description="Number of gradient steps; 0 only resizes."
    )
    rate: Annotated[float, Field(strict=True, gt=0, le=1_000, allow_inf_nan=False)] = Field(
        description="Step size: with `pixels`, grey levels (0 to 255) per step of RMS-normalised "
        "gradient; with `fourier`, in units of the coefficients."
    )


class Transform(_Part):
    """One random change to the picture before the network sees it, another one at every step.

    Exactly one of the keys; several transforms act in the order of their list.
    """

    roll: Annotated[int, Field(strict=True, ge=0, le=MAXIMUM_SIZE)] = Field(
        default=0,
        description="Shift by up to so many pixels; what leaves on one side comes in on the other.",
    )
    pad: Annotated[int, Field(strict=True, ge=0, le=512)] = Field(
        default=0, description="Mid-grey border, in pixels, on every side."
    )
    jitter: Annotated[int, Field(strict=True, ge=0, le=512)] = Field(
        default=0, description="Crop at random to a picture smaller by so many pixels."
    )
    scale: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(
        default=0.0, description="Scale by up to this share, up or down: 0.1 is ×0.9 to ×1.1."
    )
    rotate: Annotated[float, Field(strict=True, ge=0, le=180)] = Field(
        default=0.0, description="Turn by up to so many degrees, either way."
    )

    @property
    def kind(self) -> str:
        """Which one it is."""
        return next(name for name in type(self).model_fields if getattr(self, name))

    @property
    def margin(self) -> int:
        """Pixels by which it makes the side of what the network sees larger than before."""
        return 2 * self.pad - self.jitter

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(bool(getattr(self, name)) for name in type(self).model_fields) != 1:
            raise ValueError(
                "allowed is one of roll, pad, jitter, scale, rotate with a number above 0, "
                "such as {jitter: 8}"
            )
        return self

    @model_serializer
    def _only_what_is_set(self) -> dict[str, Any]:
        return {self.kind: getattr(self, self.kind)}


class Regularisers(_Part):
    """What holds a picture back; 0 is off.

    `l2` and `total_variation` pull against the objective's gradient, whose root mean square
    counts as 1: the same weight does the same to every filter of every layer.
    """

    l2: Share = Field(default=0.0, description="Pull of every pixel towards mid-grey.")
    total_variation: Share = Field(default=0.0, description="Pull of neighbours to each other.")
    blur: Annotated[float, Field(strict=True, ge=0, le=16)] = Field(
        default=0.0, description="Gaussian blur between steps: its radius (sigma) in pixels."
    )
    blur_every: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        default=1, description="Blur after every so many steps."
    )


class Term(_Part):
    """A filter, or a whole layer, and what it counts among others that are maximised together."""

    layer: str = Field(description="A layer, by its Keras name or the paper's.")
    filter: Annotated[int, Field(strict=True, ge=-1)] = Field(
        default=-1, description="A filter of that layer; -1 is the mean over all of them."
    )
    weight: Annotated[float, Field(strict=True, ge=-1_000, le=1_000, allow_inf_nan=False)] = Field(
        default=1.0, description="What it counts; in a recipe the filter drawn counts 1."
    )

    @field_validator("layer")
    @classmethod
    def _canonical(cls, layer: str, info: ValidationInfo) -> str:
        return architecture.of(info).layer(layer).name

    @model_validator(mode="after")
    def _in_layer(self, info: ValidationInfo) -> Self:
        filters = architecture.of(info).layer(self.layer).filters
        if self.filter >= filters:
            raise ValueError(
                f"{self.layer} has no filter {self.filter}: allowed are 0 to {filters - 1}, "
                "or -1 for all"
            )
        return self


class Recipe(_Part):
    """How one filter's picture is made.

    A picture starts as noise and takes the phases in order, resized where the size changes; the
    last phase's size is the size of the picture. Each step follows the gradient of the
    objective. At the end the picture is centred and scaled to a standard deviation of `contrast`
    around mid-grey.
    """

    objective: Objective = Field(
        default="leaky_activation",
        description="What is maximised: the filter's `activation` (after ReLU; no gradient where "
        "the filter is silent), its `pre_activation` (before ReLU), or its `leaky_activation` "
        "(after a ReLU that lets a hundredth of what is below zero through, so that a silent "
        "filter can wake).",
    )
    place: Place = Field(
        default="everywhere",
        description="Where: the mean over space, `everywhere`, or the single neuron in the "
        "`centre`.",
    )
    wrap: Annotated[int, Field(strict=True, ge=0, le=64)] = Field(
        default=0,
        description="Let the network see the picture as if tiled, by so many pixels on every "
        "side, so that nothing is drawn for the sake of the border. Not in layers whose cells "
        "are larger than that.",
    )
    negative: bool = Field(
        default=False,
        strict=True,
        description="Minimise instead: what the filter is suppressed by.",
    )
    also: tuple[Term, ...] = Field(
        default=(), description="Other filters and layers to maximise together with it, weighted."
    )
    pictures: Annotated[int, Field(strict=True, ge=1, le=16)] = Field(
        default=1, description="Pictures of every filter, each from its own start."
    )
    diversity: Share = Field(
        default=0.0,
        description="How strongly the pictures of one filter push each other apart; 1 counts as "
        "much as the objective.",
    )
    schedule: Annotated[tuple[Phase, ...], Field(min_length=1)] = Field(
        description="Phases in order, usually coarse to fine."
    )
    resize: Resize = Field(
        default="bilinear", description="How a picture is enlarged from phase to phase."
    )
    requantise: Annotated[float, Field(strict=True, ge=0, le=1)] = Field(
        default=0.0,
        description="Between phases turn the picture into 8 bits and back, with this standard "
        "deviation as a share of the full range; 0 is off.",
    )
    parametrisation: Parametrisation = Field(
        default="pixels",
        description="What the steps change: the `pixels`, unbounded, or `fourier` coefficients "
        "in decorrelated colours, bounded by a sigmoid.",
    )
    start_floor: Annotated[float, Field(strict=True, ge=0, le=255)] = Field(
        default=128.0, description="Pixels: lowest value of the noise at the start, in grey levels."
    )
    start_noise: Annotated[float, Field(strict=True, gt=0, le=255)] = Field(
        default=20.0, description="Pixels: range of the noise at the start, in grey levels."
    )
    fourier_decay: Annotated[float, Field(strict=True, ge=0, le=4)] = Field(
        default=1.0, description="Fourier: power of the frequency by which coefficients shrink."
    )
    fourier_start: Annotated[float, Field(strict=True, gt=0, le=10)] = Field(
        default=0.01, description="Fourier: standard deviation of the coefficients at the start."
    )
    transforms: tuple[Transform, ...] = Field(
        default=(), description="Random changes to the picture before the network sees it."
    )
    regularisers: Regularisers = Field(
        default_factory=Regularisers, description="What holds the picture back."
    )
    optimiser: Optimiser = Field(
        default="rms",
        description="How a gradient becomes a step: divided by its root mean square (`rms`), or "
        "`adam`.",
    )
    gradient_floor: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=1e-7, description="Added to the gradient's root mean square before dividing by it."
    )
    restarts: Annotated[int, Field(strict=True, ge=0, le=16)] = Field(
        default=0,
        description="How often a filter that stays silent is tried again, from another start and "
        "with double the rate.",
    )
    contrast: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=0.1,
        description="Standard deviation of the finished picture, as a share of the full range.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.steps:
            raise ValueError("the schedule has no steps: give at least one phase some")
        if self.parametrisation == "fourier" and (self.requantise or self.regularisers.blur):
            raise ValueError(
                "blur and requantise work on pixels: leave them out, or set parametrisation: pixels"
            )
        if self.diversity and self.pictures == 1:
            raise ValueError("diversity needs several pictures of a filter: set pictures: 2")
        kinds = [transform.kind for transform in self.transforms]
        if "roll" in kinds[1:]:
            raise ValueError("roll comes first among the transforms, and once")
        smallest = min(phase.size for phase in self.schedule)
        if smallest + self.margin < MINIMUM_SIZE:
            raise ValueError(
                f"the transforms leave {smallest + self.margin} of {smallest} pixels: "
                f"the network needs {MINIMUM_SIZE}"
            )
        return self

    @property
    def size(self) -> int:
        """Side of the finished picture, in pixels."""
        return self.schedule[-1].size

    @property
    def steps(self) -> int:
        """Number of steps over all phases."""
        return sum(phase.steps for phase in self.schedule)

    @property
    def margin(self) -> int:
        """Pixels by which the side of what the network sees exceeds the picture's."""
        return sum(transform.margin for transform in self.transforms)

    @property
    def digest(self) -> str:
        """sha256 that names this recipe."""
        return digests.of_value(self.model_dump(mode="json"))


def _keras2019_schedule() -> tuple[Phase, ...]:
    sizes = [int(412 / 1.2**power) for power in range(9, 0, -1)]
    return (
        *(Phase(size=size, steps=15, rate=1.0) for size in sizes),
        Phase(size=412, steps=0, rate=1.0),
    )


PRESETS = {
    # F. Chollet, "How convolutional neural networks see the world", The Keras Blog (2016).
    "blog2016": Recipe(
        objective="activation",
        schedule=(Phase(size=128, steps=20, rate=1.0),),
        start_floor=128.0,
        start_noise=20.0,
        gradient_floor=1e-5,
        contrast=0.1,
    ),
    # The article's script in its last version, keras/examples/conv_filter_visualization.py (2019).
    "keras2019": Recipe(
        objective="activation",
        schedule=_keras2019_schedule(),
        resize="bicubic",
        requantise=0.25,
        start_floor=118.0,
        start_noise=20.0,
        gradient_floor=1e-7,
        contrast=0.25,
    ),
    # Coarse to fine on the activation with a leak: every filter has a gradient, forms are large
    # and clean, and most steps are taken where they are cheap.
    "atlas": Recipe(
        objective="leaky_activation",
        schedule=(
            Phase(size=64, steps=12, rate=8.0),
            Phase(size=96, steps=4, rate=6.0),
            Phase(size=128, steps=3, rate=5.0),
        ),
        wrap=4,
        restarts=8,
        contrast=0.2,
    ),
    # For figures: larger, with more steps, and forms that must stand being moved and turned.
    "fine": Recipe(
        objective="leaky_activation",
        schedule=(
            Phase(size=96, steps=24, rate=6.0),
            Phase(size=128, steps=16, rate=5.0),
            Phase(size=192, steps=12, rate=4.0),
            Phase(size=256, steps=12, rate=3.0),
        ),
        wrap=4,
        transforms=(Transform(roll=128), Transform(rotate=5.0), Transform(scale=0.05)),
        restarts=8,
        contrast=0.35,
    ),
    # The defaults of Lucid's `render_vis` (C. Olah et al., "Feature Visualization", 2017).
    "lucid": Recipe(
        objective="activation",
        schedule=(Phase(size=128, steps=512, rate=0.05),),
        parametrisation="fourier",
        fourier_decay=1.0,
        fourier_start=0.01,
        optimiser="adam",
        transforms=(
            Transform(pad=12),
            Transform(jitter=8),
            Transform(scale=0.1),
            Transform(rotate=10.0),
            Transform(jitter=4),
        ),
        contrast=0.25,
    ),
}
"""The recipes that ship with the product, by name."""

VARIANTS: dict[str, dict[str, Any]] = {
    "negative": {"negative": True, "restarts": 0},
    "diverse": {"pictures": 4, "diversity": 1.0},
}
"""What the variants of a picture change in its recipe, by name."""
