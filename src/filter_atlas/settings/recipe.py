"""A recipe: everything that decides how a picture is optimised, as one frozen value.

The vocabulary is that of Lucid (C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization",
Distill, 2017): an *optimiser* maximises an *objective* over the parameters of a *parametrisation*.
*Transforms* change the picture before the network sees it, and *regularisers* penalise it.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_serializer, model_validator

from filter_atlas.base import digests
from filter_atlas.base.architecture import architecture_in_context
from filter_atlas.base.vgg16_spec import MINIMUM_SIZE
from filter_atlas.settings.section import SettingsSection

MAXIMUM_SIZE = 2048

Objective = Literal["activation", "pre_activation", "leaky_activation"]
Reduction = Literal["spatial_mean", "centre"]
Parametrisation = Literal["pixels", "fourier"]
Optimiser = Literal["rms", "adam"]
Resize = Literal["bilinear", "bicubic"]

Share = Annotated[float, Field(strict=True, ge=0, le=1_000, allow_inf_nan=False)]


class Phase(SettingsSection):
    """Gradient steps at one size of the picture."""

    size: Annotated[int, Field(strict=True, ge=MINIMUM_SIZE, le=MAXIMUM_SIZE)] = Field(
        description="Side of the square picture, in pixels."
    )
    steps: Annotated[int, Field(strict=True, ge=0, le=10_000)] = Field(
        description="Number of gradient steps; 0 only resizes."
    )
    step_size: Annotated[float, Field(strict=True, gt=0, le=1_000, allow_inf_nan=False)] = Field(
        description="Step size. With `pixels`: grey levels (0 to 255) per step of the "
        "RMS-normalised gradient; with `fourier`: units of the coefficients."
    )


class Transform(SettingsSection):
    """A random change of the picture before the network sees it, different at every step.

    Exactly one of the keys is set. Several transforms act in the order of the list.
    """

    roll: Annotated[int, Field(strict=True, ge=0, le=MAXIMUM_SIZE)] = Field(
        default=0,
        description="Shift by up to this many pixels, with wrap-around.",
    )
    pad: Annotated[int, Field(strict=True, ge=0, le=512)] = Field(
        default=0, description="Width of a mid-grey border on every side, in pixels."
    )
    jitter: Annotated[int, Field(strict=True, ge=0, le=512)] = Field(
        default=0,
        description="Crop at a random position; each side becomes this many pixels shorter.",
    )
    scale: Annotated[float, Field(strict=True, ge=0, lt=1)] = Field(
        default=0.0, description="Scale up or down by up to this share: 0.1 is ×0.9 to ×1.1."
    )
    rotate: Annotated[float, Field(strict=True, ge=0, le=180)] = Field(
        default=0.0, description="Rotate by up to this many degrees, in either direction."
    )

    @property
    def kind(self) -> str:
        """The key that is set."""
        return next(name for name in type(self).model_fields if getattr(self, name))

    @property
    def margin(self) -> int:
        """Pixels by which the transform enlarges the side of the picture; may be negative."""
        return 2 * self.pad - self.jitter

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(bool(getattr(self, name)) for name in type(self).model_fields) != 1:
            kinds = ", ".join(type(self).model_fields)
            raise ValueError(
                f"allowed is one of {kinds} with a number above 0, such as {{jitter: 8}}"
            )
        return self

    @model_serializer
    def _only_what_is_set(self) -> dict[str, Any]:
        return {self.kind: getattr(self, self.kind)}


class Regularisers(SettingsSection):
    """Penalties on a picture, and blur; 0 is off.

    The gradients of `l2` and `total_variation` are subtracted from the objective's gradient, which
    is scaled to a root mean square of 1. So a weight has the same effect on all filters.
    """

    l2: Share = Field(default=0.0, description="Weight of the penalty on distance from mid-grey.")
    total_variation: Share = Field(
        default=0.0, description="Weight of the penalty on differences between neighbours."
    )
    blur: Annotated[float, Field(strict=True, ge=0, le=16)] = Field(
        default=0.0, description="Radius (sigma) of a Gaussian blur between steps, in pixels."
    )
    blur_every: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        default=1, description="Number of steps from one blur to the next."
    )


class Term(SettingsSection):
    """A filter or a whole layer with its weight, as one term of a sum that is maximised."""

    layer: str = Field(description="Name of a layer: its Keras name or the paper's.")
    filter: Annotated[int, Field(strict=True, ge=-1)] = Field(
        default=-1, description="Index of a filter of that layer; -1 is the mean over all of them."
    )
    weight: Annotated[float, Field(strict=True, ge=-1_000, le=1_000, allow_inf_nan=False)] = Field(
        default=1.0, description="Weight of this term; in a recipe, the drawn filter has weight 1."
    )

    @field_validator("layer")
    @classmethod
    def _canonical(cls, layer: str, info: ValidationInfo) -> str:
        return architecture_in_context(info).layer(layer).name

    @model_validator(mode="after")
    def _in_layer(self, info: ValidationInfo) -> Self:
        filters = architecture_in_context(info).layer(self.layer).filters
        if self.filter >= filters:
            raise ValueError(
                f"{self.layer} has no filter {self.filter}: allowed are 0 to {filters - 1}, "
                "or -1 for all"
            )
        return self


class Recipe(SettingsSection):
    """How the picture of a filter is optimised.

    A picture starts as noise and goes through the phases in order. It is resized when the size
    changes; the last phase has the size of the finished picture. Each step follows the gradient
    of the objective. At the end the picture is centred on mid-grey and scaled to a standard
    deviation of `contrast`.
    """

    objective: Objective = Field(
        default="leaky_activation",
        description="What is maximised: the filter's `activation` (after ReLU; it has no gradient "
        "where the filter is silent), its `pre_activation` (before ReLU), or its "
        "`leaky_activation` (after a ReLU that lets 1/100 of negative values through, so that a "
        "silent filter has a gradient).",
    )
    reduction: Reduction = Field(
        default="spatial_mean",
        description="How responses are reduced to one number: `spatial_mean`, the mean over space, "
        "or `centre`, the single neuron in the middle.",
    )
    as_trained: bool = Field(
        default=True,
        strict=True,
        description="VGG16 gets pictures as it was trained on, BGR less ImageNet's mean, and "
        "pixels stay within 0 to 255. false: as in the article of 2016, grey levels with nothing "
        "subtracted, and without bounds. Other networks are always fed as they were trained.",
    )
    circular_padding: Annotated[int, Field(strict=True, ge=0, le=64)] = Field(
        default=0,
        description="Pixels of the opposite side that the network sees on every side of the "
        "picture, as if it were tiled. This prevents border artefacts. Not used in layers whose "
        "stride is larger.",
    )
    negative: bool = Field(
        default=False,
        strict=True,
        description="Minimise instead, to show what suppresses the filter.",
    )
    extra_terms: tuple[Term, ...] = Field(
        default=(), description="Other filters and layers to maximise as well, with weights."
    )
    pictures: Annotated[int, Field(strict=True, ge=1, le=16)] = Field(
        default=1, description="Number of pictures of every filter, each from different noise."
    )
    diversity: Share = Field(
        default=0.0,
        description="How strongly the pictures of one filter repel each other; 1 is as strong as "
        "the objective.",
    )
    schedule: Annotated[tuple[Phase, ...], Field(min_length=1)] = Field(
        description="Phases in order, usually from coarse to fine."
    )
    resize: Resize = Field(
        default="bilinear", description="How a picture is enlarged between phases."
    )
    requantise: Annotated[float, Field(strict=True, ge=0, le=1)] = Field(
        default=0.0,
        description="Between phases, convert the picture to 8 bits and back, with this standard "
        "deviation as a share of the full range; 0 is off.",
    )
    parametrisation: Parametrisation = Field(
        default="pixels",
        description="What the optimiser changes: unbounded `pixels`, or `fourier` coefficients in "
        "decorrelated colours, bounded by a sigmoid.",
    )
    start_floor: Annotated[float, Field(strict=True, ge=0, le=255)] = Field(
        default=117.5, description="Pixels: lowest value of the starting noise, in grey levels."
    )
    start_noise: Annotated[float, Field(strict=True, gt=0, le=255)] = Field(
        default=20.0, description="Pixels: range of the starting noise, in grey levels."
    )
    fourier_decay: Annotated[float, Field(strict=True, ge=0, le=4)] = Field(
        default=1.0, description="Fourier: coefficients shrink with this power of their frequency."
    )
    fourier_start: Annotated[float, Field(strict=True, gt=0, le=10)] = Field(
        default=0.01, description="Fourier: standard deviation of the coefficients at the start."
    )
    transforms: tuple[Transform, ...] = Field(
        default=(), description="Random changes to the picture before every step."
    )
    regularisers: Regularisers = Field(
        default_factory=Regularisers, description="Penalties on the picture."
    )
    optimiser: Optimiser = Field(
        default="rms",
        description="How a gradient becomes a step: `rms` divides it by its root mean square; or "
        "`adam`.",
    )
    gradient_floor: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=1e-7, description="Added to the gradient's root mean square before dividing by it."
    )
    restarts: Annotated[int, Field(strict=True, ge=0, le=16)] = Field(
        default=0,
        description="Maximum number of new starts for a filter that stays silent, each with double "
        "the step size of the one before.",
    )
    contrast: Annotated[float, Field(strict=True, gt=0, le=1)] = Field(
        default=0.1,
        description="Standard deviation of the finished picture, as a share of the full range.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.steps:
            raise ValueError("the schedule has no steps: set steps above 0 in at least one phase")
        if self.parametrisation == "fourier" and (self.requantise or self.regularisers.blur):
            raise ValueError(
                "blur and requantise work on pixels: leave them out, or set parametrisation: pixels"
            )
        if self.diversity and self.pictures == 1:
            raise ValueError("diversity needs several pictures of a filter: set pictures: 2")
        kinds = [transform.kind for transform in self.transforms]
        if "roll" in kinds[1:]:
            raise ValueError("roll must be the first transform: give it first, and once")
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
        """Pixels by which the transforms enlarge the side of the picture; may be negative."""
        return sum(transform.margin for transform in self.transforms)

    def for_classes(self) -> Self:
        """The same recipe for class pictures, without the options that only filters have."""
        return self.model_copy(
            update={
                "objective": "pre_activation",
                "reduction": "spatial_mean",
                "circular_padding": 0,
                "extra_terms": (),
                "pictures": 1,
                "diversity": 0.0,
            }
        )

    @property
    def digest(self) -> str:
        """sha256 of all values of the recipe."""
        return digests.value_digest(self.model_dump(mode="json"))


def _keras2019_schedule() -> tuple[Phase, ...]:
    sizes = [int(412 / 1.2**power) for power in range(9, 0, -1)]
    return (
        *(Phase(size=size, steps=15, step_size=1.0) for size in sizes),
        Phase(size=412, steps=0, step_size=1.0),
    )


PRESETS = {
    # F. Chollet, "How convolutional neural networks see the world", The Keras Blog (2016).
    "blog2016": Recipe(
        objective="activation",
        as_trained=False,
        schedule=(Phase(size=128, steps=20, step_size=1.0),),
        start_floor=128.0,
        start_noise=20.0,
        gradient_floor=1e-5,
        contrast=0.1,
    ),
    # The last version of the article's script, keras/examples/conv_filter_visualization.py (2019).
    "keras2019": Recipe(
        objective="activation",
        as_trained=False,
        schedule=_keras2019_schedule(),
        resize="bicubic",
        requantise=0.25,
        start_floor=118.0,
        start_noise=20.0,
        gradient_floor=1e-7,
        contrast=0.25,
    ),
    # From coarse to fine, with the leaky activation: every filter has a gradient, forms are large
    # and clean, and most steps are cheap because they are at a small size.
    "atlas": Recipe(
        objective="leaky_activation",
        schedule=(
            Phase(size=64, steps=12, step_size=8.0),
            Phase(size=96, steps=4, step_size=6.0),
            Phase(size=128, steps=3, step_size=5.0),
        ),
        circular_padding=4,
        restarts=8,
        contrast=0.2,
    ),
    # For figures: larger pictures, more steps, and forms that are robust to shifts and rotations.
    "fine": Recipe(
        objective="leaky_activation",
        schedule=(
            Phase(size=96, steps=24, step_size=6.0),
            Phase(size=128, steps=16, step_size=5.0),
            Phase(size=192, steps=12, step_size=4.0),
            Phase(size=256, steps=12, step_size=3.0),
        ),
        circular_padding=4,
        transforms=(Transform(roll=128), Transform(rotate=5.0), Transform(scale=0.05)),
        restarts=8,
        contrast=0.35,
    ),
    # For networks with strided and depthwise convolutions: most of their gradient is fine coloured
    # noise, which depends on the position of the strided grid. Fourier coefficients in decorrelated
    # colours damp it, and the roll averages it away (docs/networks.md). The start is strong enough
    # to wake channels behind a ReLU6.
    "modern": Recipe(
        objective="leaky_activation",
        schedule=(
            Phase(size=64, steps=12, step_size=0.15),
            Phase(size=96, steps=4, step_size=0.1),
            Phase(size=128, steps=3, step_size=0.08),
        ),
        circular_padding=4,
        parametrisation="fourier",
        fourier_decay=0.75,
        fourier_start=0.3,
        transforms=(Transform(roll=8),),
        restarts=8,
        contrast=0.2,
    ),
    # The defaults of Lucid's `render_vis` (C. Olah et al., "Feature Visualization", 2017).
    "lucid": Recipe(
        objective="activation",
        schedule=(Phase(size=128, steps=512, step_size=0.05),),
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
    # For class pictures: large changes of size, place and rotation at every step leave few large
    # forms. The penalty on distance from mid-grey keeps pictures from turning black and white.
    "classes": Recipe(
        objective="pre_activation",
        schedule=(Phase(size=224, steps=160, step_size=0.05),),
        parametrisation="fourier",
        fourier_decay=1.2,
        fourier_start=0.01,
        optimiser="adam",
        transforms=(
            Transform(pad=24),
            Transform(jitter=24),
            Transform(scale=0.5),
            Transform(rotate=30.0),
            Transform(jitter=24),
        ),
        regularisers=Regularisers(l2=0.03, total_variation=0.05),
        contrast=0.18,
    ),
}
"""The recipes that ship with the product, by name."""

VARIANTS: dict[str, dict[str, Any]] = {
    "negative": {"negative": True, "restarts": 0},
    "diverse": {"pictures": 4, "diversity": 1.0},
}
"""The values of a recipe that each variant changes."""
