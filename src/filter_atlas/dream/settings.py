"""What decides a dream, as one frozen value; no TensorFlow here."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from filter_atlas.architecture import CONTEXT, VGG16, Architecture
from filter_atlas.errors import ConfigError
from filter_atlas.recipe import Term
from filter_atlas.refusal import first_mistake

Format = Literal["webp", "gif"]

SAMPLE = "sample"
"""Names the photograph that comes with the product; a file of that name is `./sample`."""

GUIDE_SIDE = 224
"""A guide is scaled down to this, in pixels: the size of the pictures that VGG16 has learnt."""


LAYERS = {
    # Layers and weights of Keras's example of 2016, `deep_dream.py` by F. Chollet, for VGG16. Its
    # continuity and L2 terms are left out, as is the choice of size and steps.
    "dreamy": (Term(layer="block5_conv1", weight=0.05), Term(layer="block5_conv2", weight=0.02)),
    "bad_trip": (
        Term(layer="block4_conv1", weight=0.05),
        Term(layer="block4_conv2", weight=0.01),
        Term(layer="block4_conv3", weight=0.01),
    ),
}
"""Well-known sets of layers, by name."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Zoom(_Part):
    """A flight into the dream: every frame shows the middle of the one before, dreamt again."""

    frames: Annotated[int, Field(strict=True, ge=2, le=1_000)] = Field(
        default=60, description="Frames of the animation; the first is the dream itself."
    )
    factor: Annotated[float, Field(strict=True, gt=1, le=2, allow_inf_nan=False)] = Field(
        default=1.05, description="How much larger a frame shows the middle of the one before."
    )
    steps: Annotated[int, Field(strict=True, ge=0, le=1_000)] = Field(
        default=3, description="Gradient steps in every octave of a frame; 0 only enlarges."
    )
    format: Format = Field(
        default="webp", description="Kind of file: `webp`, or `gif` with 256 colours a frame."
    )
    duration: Annotated[int, Field(strict=True, ge=10, le=60_000)] = Field(
        default=80, description="How long a frame is shown, in milliseconds."
    )


def _named(layers: Any) -> Any:
    """The layers of a set that is given by name."""
    if not isinstance(layers, str):
        return layers
    if layers not in LAYERS:
        raise ValueError(f"unknown set of layers: allowed are {', '.join(LAYERS)}, or a list")
    return LAYERS[layers]


class Dream(_Part):
    """How a photograph is dreamt.

    The photograph is taken through octaves, from the smallest size to its own; at each of them so
    many steps follow the gradient of how strongly the layers respond.
    """

    photo: Annotated[str, Field(min_length=1)] = Field(
        description="Path of the photograph: JPEG, PNG or WebP; or `sample`, a raccoon."
    )
    layers: Annotated[
        tuple[Term, ...],
        Field(min_length=1),
        BeforeValidator(_named, json_schema_input_type=tuple[Term, ...] | Literal[*LAYERS]),
    ] = Field(
        description="What is excited, weighted: layers, or single filters of them. Early layers "
        "draw strokes and textures, deep ones parts of animals and buildings. Or `dreamy` or "
        "`bad_trip`, the sets of Keras's example of 2016."
    )
    guide: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Path of a second photograph, or `sample`: excite what the layers find in it, "
        "wherever the first one comes close to it.",
    )
    longest_side: Annotated[int, Field(strict=True, ge=32, le=8192)] = Field(
        default=1024,
        description="A photograph with a longer side is scaled down to it, in pixels, before it "
        "is dreamt; 4096 keeps 12 megapixels whole.",
    )
    octaves: Annotated[int, Field(strict=True, ge=1, le=12)] = Field(
        default=4,
        description="Sizes at which it is dreamt; sizes too small for the network are left out.",
    )
    octave_scale: Annotated[float, Field(strict=True, gt=1, le=4, allow_inf_nan=False)] = Field(
        default=1.4, description="What each of these sizes is divided by to give the one before."
    )
    steps: Annotated[int, Field(strict=True, ge=0, le=1_000)] = Field(
        default=10, description="Gradient steps in every octave."
    )
    rate: Annotated[float, Field(strict=True, gt=0, le=100, allow_inf_nan=False)] = Field(
        default=1.5,
        description="Step size: grey levels (0 to 255) per step of RMS-normalised gradient.",
    )
    jitter: Annotated[int, Field(strict=True, ge=0, le=4096)] = Field(
        default=256,
        description="The grid of tiles, and with it the network's grid of cells, is shifted at "
        "every step by up to so many pixels, at random: seams never fall on the same place twice.",
    )
    tile: Annotated[int, Field(strict=True, ge=64, le=4096, multiple_of=16)] = Field(
        default=512,
        description="Side of the tiles, in pixels, in which a large picture's gradient is "
        "computed; what memory it takes grows with its square. A multiple of 16.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = Field(
        default=0, description="The random shifts derive from it."
    )
    zoom: Zoom | None = Field(
        default=None, description="Make an animation as well, a flight into the dream."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.guide is not None:
            for term in self.layers:
                if term.filter >= 0:
                    raise ValueError(
                        f"a guide speaks to whole layers: leave filter {term.filter} of "
                        f"{term.layer} out, or the guide"
                    )
        return self

    @property
    def photographs(self) -> list[tuple[str, int]]:
        """Path and longest side of the photograph, and of the guide if there is one."""
        guide = [(path_of(self.guide), GUIDE_SIDE)] if self.guide else []
        return [(path_of(self.photo), self.longest_side), *guide]

    @property
    def excited(self) -> str:
        """What is excited, in words: layers, and filters of them."""
        return ", ".join(
            term.layer if term.filter < 0 else f"filter {term.filter} of {term.layer}"
            for term in self.layers
        )

    @property
    def method(self) -> dict[str, Any]:
        """All of it but where the photographs lie, as JSON values."""
        return self.model_dump(mode="json", exclude={"photo", "guide"})


def path_of(photo: str) -> str:
    """Where a photograph lies that settings name."""
    if photo == SAMPLE:
        return str(Path(__file__).parents[1] / "photos" / "raccoon.jpg")
    return str(Path(photo).expanduser())


def read(path: Path, architecture: Architecture = VGG16) -> Dream:
    """Read settings from a JSON file; their layers are those of an architecture.

    Raises:
        ConfigError: one line that names the file, the key, and what is allowed.
    """
    try:
        return parse(path.read_bytes(), str(path), architecture)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a JSON file of a dream") from error


def parse(text: str | bytes, source: str, architecture: Architecture = VGG16) -> Dream:
    """Read settings from JSON; their layers are those of an architecture.

    Raises:
        ConfigError: one line that names the source, the key, and what is allowed.
    """
    try:
        return Dream.model_validate(json.loads(text), context={CONTEXT: architecture})
    except ValidationError as error:
        raise ConfigError(f"{source}: {first_mistake(error, Dream)}") from None
    except ValueError as error:
        raise ConfigError(f"{source}: not JSON: {error}; mend it there") from None
