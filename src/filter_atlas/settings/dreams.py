"""The section `dreams`: all settings of a dream, as one frozen value."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from filter_atlas.base.architecture import CONTEXT, VGG16, Architecture
from filter_atlas.base.errors import ConfigError
from filter_atlas.base.regular_files import read_regular
from filter_atlas.base.validation_messages import first_mistake
from filter_atlas.settings.recipe import Term
from filter_atlas.settings.section import PathSetting, SettingsSection

Format = Literal["webp", "gif"]

SAMPLE = "sample"
"""Name of the photograph that comes with the product. Write `./sample` for a file of that name."""

GUIDE_SIDE = 224
"""Longest side of a guide, in pixels: the size of the pictures that VGG16 was trained on."""

LAYERS = {
    # Layers and weights of the Keras example of 2016, `deep_dream.py` by F. Chollet, for VGG16.
    # Its continuity and L2 terms, its size and its steps are not included.
    "dreamy": (Term(layer="block5_conv1", weight=0.05), Term(layer="block5_conv2", weight=0.02)),
    "bad_trip": (
        Term(layer="block4_conv1", weight=0.05),
        Term(layer="block4_conv2", weight=0.01),
        Term(layer="block4_conv3", weight=0.01),
    ),
}
"""Well-known sets of layers, by name."""


class Zoom(SettingsSection):
    """An animation: each frame enlarges the middle of the previous frame and dreams it again."""

    frames: Annotated[int, Field(strict=True, ge=2, le=1_000)] = Field(
        default=60, description="Number of frames; the first frame is the dream itself."
    )
    factor: Annotated[float, Field(strict=True, gt=1, le=2, allow_inf_nan=False)] = Field(
        default=1.05, description="How much each frame enlarges the middle of the one before."
    )
    steps: Annotated[int, Field(strict=True, ge=0, le=1_000)] = Field(
        default=3, description="Gradient steps in every octave of a frame; 0 only enlarges."
    )
    format: Format = Field(
        default="webp", description="File format: `webp`, or `gif` with 256 colours per frame."
    )
    duration: Annotated[int, Field(strict=True, ge=10, le=60_000)] = Field(
        default=80, description="Duration of a frame, in milliseconds."
    )


def _named(layers: Any) -> Any:
    """The layers of a set, if the set is given by name."""
    if not isinstance(layers, str):
        return layers
    if layers not in LAYERS:
        raise ValueError(f"unknown set of layers: allowed are {', '.join(LAYERS)}, or a list")
    return LAYERS[layers]


class Dream(SettingsSection):
    """How a photograph is dreamt.

    The photograph is changed at several sizes (octaves), from the smallest up to its own size. At
    each size, `steps` gradient steps increase the responses of the layers.
    """

    photo: PathSetting = Field(
        description="Path of the photograph: JPEG, PNG or WebP; or `sample`, a raccoon."
    )
    layers: Annotated[
        tuple[Term, ...],
        Field(min_length=1),
        BeforeValidator(_named, json_schema_input_type=tuple[Term, ...] | Literal[*LAYERS]),
    ] = Field(
        description="What is excited: layers, or single filters, with weights. Early layers draw "
        "strokes and textures, deep layers draw parts of animals and buildings. Or `dreamy` or "
        "`bad_trip`, the layer sets of Keras's example of 2016."
    )
    guide: PathSetting | None = Field(
        default=None,
        description="Path of a second photograph, or `sample`: excite the features that the layers "
        "find in it, wherever the first photograph has similar ones.",
    )
    longest_side: Annotated[int, Field(strict=True, ge=32, le=8192)] = Field(
        default=1024,
        description="Maximum length of the longer side, in pixels. A larger photograph is first "
        "scaled down to it; 4096 keeps 12 megapixels.",
    )
    octaves: Annotated[int, Field(strict=True, ge=1, le=12)] = Field(
        default=4,
        description="Number of sizes, smallest first; sizes too small for the network are skipped.",
    )
    octave_scale: Annotated[float, Field(strict=True, gt=1, le=4, allow_inf_nan=False)] = Field(
        default=1.4, description="Ratio of each of these sizes to the one before."
    )
    steps: Annotated[int, Field(strict=True, ge=0, le=1_000)] = Field(
        default=10, description="Gradient steps in every octave."
    )
    step_size: Annotated[float, Field(strict=True, gt=0, le=100, allow_inf_nan=False)] = Field(
        default=1.5,
        description="Step size: grey levels (0 to 255) per step of the RMS-normalised gradient.",
    )
    jitter: Annotated[int, Field(strict=True, ge=0, le=4096)] = Field(
        default=256,
        description="Maximum random shift, in pixels, of the grid of tiles (and of the network's "
        "grid of cells) at every step, so that seams fall on different positions.",
    )
    tile: Annotated[int, Field(strict=True, ge=64, le=4096, multiple_of=16)] = Field(
        default=512,
        description="Side of the tiles in which the gradient of a large picture is computed, in "
        "pixels, a multiple of 16. Memory grows with its square.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)] = Field(
        default=0, description="Seed of the random shifts."
    )
    zoom: Zoom | None = Field(
        default=None, description="Also make an animation that zooms into the dream."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.guide is not None:
            for term in self.layers:
                if term.filter >= 0:
                    raise ValueError(
                        f"a guide works with whole layers only: leave out filter {term.filter} of "
                        f"{term.layer}, or leave out the guide"
                    )
        return self

    @property
    def photographs(self) -> list[tuple[str, int]]:
        """Path and longest side of the photograph, and of the guide if it has one."""
        guide = [(photo_path(self.guide), GUIDE_SIDE)] if self.guide else []
        return [(photo_path(self.photo), self.longest_side), *guide]

    @property
    def excited(self) -> str:
        """The layers and filters that are excited, as a text."""
        return ", ".join(
            term.layer if term.filter < 0 else f"filter {term.filter} of {term.layer}"
            for term in self.layers
        )

    @property
    def method(self) -> dict[str, Any]:
        """All settings except the paths of the photographs, as JSON values."""
        return self.model_dump(mode="json", exclude={"photo", "guide"})


DEFAULT_DREAMS = {
    "early": Dream(
        photo=SAMPLE,
        layers=(Term(layer="block2_conv2"),),
        longest_side=512,
        octaves=3,
        step_size=0.8,
    ),
    "middle": Dream(photo=SAMPLE, layers=(Term(layer="block4_conv2"),), longest_side=512),
    "deep": Dream(
        photo=SAMPLE,
        layers=(Term(layer="block5_conv2"),),
        longest_side=512,
        steps=16,
        step_size=2.0,
    ),
}
"""The dreams of the default atlas."""

DEPTHS = {"early": 0.27, "middle": 0.65, "deep": 0.88}
"""Depths of the layers of the default dreams: 0 is the first layer of a network, 1 the last."""


def photo_path(photo: str) -> str:
    """The path of a photograph that settings name."""
    if photo == SAMPLE:
        return str(Path(__file__).parents[1] / "photos" / "raccoon.jpg")
    return str(Path(photo).expanduser())


def read_dream(given: str, architecture: Architecture = VGG16) -> Dream:
    """Read the settings of a dream.

    Args:
        given: JSON, or the path of a JSON file.
        architecture: the layers that the settings may name.

    Raises:
        ConfigError: one line that names the file, the key, and what is allowed.
    """
    is_json = given.lstrip().startswith("{")
    source = "settings" if is_json else given
    try:
        settings = json.loads(given if is_json else read_regular(given))
        return Dream.model_validate(settings, context={CONTEXT: architecture})
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}; give a JSON file of a dream") from error
    except ValidationError as error:
        raise ConfigError(f"{source}: {first_mistake(error, Dream)}") from None
    except ValueError as error:
        raise ConfigError(f"{source}: not JSON: {error}; correct the text") from None
