"""The record of one filter's picture: how it was drawn, with what, and how the filter responded."""

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Annotated, Any

from pydantic import AfterValidator, TypeAdapter

from filter_atlas import __version__
from filter_atlas.base.result_file import ResultFile
from filter_atlas.settings.recipe import Phase

RECORDED_PACKAGES = ("tensorflow", "numpy", "pillow")
"""Packages that the bytes of every result depend on."""

PROOF = "no picture can activate it"
"""Start of a certificate that proves silence; other certificates only report it."""

_SCHEDULE = TypeAdapter(tuple[Phase, ...])


def _check_schedule(recipe: dict[str, Any]) -> dict[str, Any]:
    """Check the part of a recorded recipe that figures show."""
    _SCHEDULE.validate_python(recipe.get("schedule", ()))
    return recipe


@dataclass(frozen=True)
class Record(ResultFile):
    """The file beside a filter's picture: all data about it that drawing produces.

    Where the recipe asks for several pictures of a filter, numbers are means over them, and
    `attempts` is the maximum.

    Attributes:
        layer: Keras name of the layer.
        filter: index of the filter in its layer.
        seed: the run's seed; this filter's start is derived from it.
        start_activation: mean over space of the filter's activation (after ReLU) at the start.
        final_activation: the same, on the finished picture before it became 8 bits; by a recipe of
            the article (`as_trained: false`), on the result of the last step.
        final_peak: greatest activation of any cell, on that picture.
        final_pre_activation: mean over space before ReLU, on that picture.
        attempts: number of starts; more than 1 where the filter stayed silent at first.
        certificate: the reason why the filter is silent on its own picture; None if it is not
            silent, or if the recipe seeks silence.
        loss: the objective before each step, in order.
        recipe: the whole recipe, as in `config.yaml`.
        recipe_digest: sha256 of that recipe.
        precision: number format of the ascent, `float32` or `bfloat16`.
        weights_digest: sha256 of the canonical weights.
        code_digest: sha256 of the code that drew the picture.
        picture_digest: sha256 of the picture's file.
        device: kind of device that drew it, such as `CPU` or a GPU's name.
        tensor_float_32: whether a GPU was allowed to round factors to TF32's 10 bits.
        versions: versions of the software that was used, by name.
    """

    error_text = "not a filter's record"

    layer: str
    filter: int
    seed: int
    start_activation: float
    final_activation: float
    final_peak: float
    final_pre_activation: float
    attempts: int
    certificate: str | None
    loss: tuple[float, ...]
    recipe: Annotated[dict[str, Any], AfterValidator(_check_schedule)]
    recipe_digest: str
    precision: str
    weights_digest: str
    code_digest: str
    picture_digest: str
    device: str
    tensor_float_32: bool
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """The file's content: JSON, one field a line; equal records give equal bytes."""
        lines = (
            f'  "{name}": {json.dumps(value, sort_keys=True)}'
            for name, value in asdict(self).items()
        )
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def versions(*packages: str) -> dict[str, str]:
    """Versions of the software that a result's bytes depend on, by name.

    Args:
        packages: names of packages in addition to `RECORDED_PACKAGES`.
    """
    return {
        "filter_atlas": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in (*RECORDED_PACKAGES, *packages)},
    }
