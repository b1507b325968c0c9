"""The record of one filter's picture: what was done, with what, and what came of it."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

from filter_atlas import __version__
from filter_atlas.errors import ResultsError

PARTS_RECORDED = ("tensorflow", "numpy", "pillow")

PROOF = "no picture can wake it"
"""How a certificate begins that proves silence, and does not only report it."""


@dataclass(frozen=True)
class Quality:
    """How good a picture is, measured on the 8 bits of its PNG: on what people see.

    Attributes:
        shown_activation: mean over space of the filter's activation (after ReLU).
        shown_peak: greatest activation of any cell.
        shift_robustness: mean activation when the picture is shifted by 4 pixels along both
            diagonals, as a share of `shown_activation`; None where that is 0.
        turn_robustness: the same when it is turned by 5 degrees, either way.
        noisiness: share of the picture's spectral energy (without its mean) at frequencies above
            half of Nyquist's, a quarter of a cycle per pixel.
        saturated: share of values that are 0 or 255.
        rank: place of the filter among all of its layer by `shown_activation` on this picture;
            1 is the first.
        z_score: by how many standard deviations its activation exceeds the mean of its layer's
            filters on this picture; None where they are all the same.
    """

    shown_activation: float
    shown_peak: float
    shift_robustness: float | None
    turn_robustness: float | None
    noisiness: float
    saturated: float
    rank: int
    z_score: float | None

    @classmethod
    def together(cls, qualities: Sequence["Quality"]) -> "Quality":
        """The quality of several pictures of one filter: means, and the worst rank."""
        if len(qualities) == 1:
            return qualities[0]
        means: dict[str, Any] = {}
        for field in fields(cls):
            values = [value for one in qualities if (value := getattr(one, field.name)) is not None]
            means[field.name] = fmean(values) if values else None
        return cls(**{**means, "rank": max(one.rank for one in qualities)})

    @property
    def robustness(self) -> float | None:
        """Mean of the two kinds of robustness; None where there is none."""
        if self.shift_robustness is None or self.turn_robustness is None:
            return None
        return (self.shift_robustness + self.turn_robustness) / 2


@dataclass(frozen=True)
class Record:
    """What is written beside a filter's picture.

    Where the recipe asks for several pictures of a filter, numbers are means over them; rank and
    attempts are the worst.

    Attributes:
        layer: Keras name of the layer.
        filter: index of the filter in its layer.
        seed: the run's seed, from which this filter's start is derived.
        start_activation: mean over space of the filter's activation (after ReLU) at the start.
        final_activation: the same, on the last picture (float, before it became 8 bits).
        final_peak: greatest activation of any cell, on the last picture.
        final_pre_activation: mean over space before ReLU, on the last picture.
        attempts: how many starts it took; more than 1 where the filter stayed silent at first.
        certificate: why the filter is silent on its own picture; None where it is not, or where
            the recipe is after silence.
        quality: measures of the picture as it is written.
        loss: the objective before each step, in order.
        recipe: the whole recipe, as in `config.yaml`.
        recipe_digest: sha256 of that recipe.
        precision: what the ascent was computed in, `float32` or `bfloat16`; quality is always
            measured in float32.
        weights_digest: sha256 of the canonical weights.
        code_digest: sha256 of the modules that computed the picture.
        device: kind of device that computed it, such as `CPU` or a GPU's name.
        tensor_float_32: whether a GPU was free to round factors to TF32's 10 bits.
        versions: versions of the software that took part, by name.
    """

    layer: str
    filter: int
    seed: int
    start_activation: float
    final_activation: float
    final_peak: float
    final_pre_activation: float
    attempts: int
    certificate: str | None
    quality: Quality
    loss: tuple[float, ...]
    recipe: dict[str, Any]
    recipe_digest: str
    precision: str
    weights_digest: str
    code_digest: str
    device: str
    tensor_float_32: bool
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """The record as it is written: JSON, one field a line; equal records, equal bytes."""
        lines = (
            f'  "{name}": {json.dumps(value, sort_keys=True)}'
            for name, value in asdict(self).items()
        )
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    @classmethod
    def read(cls, path: str | Path) -> "Record":
        """Read a record back.

        Raises:
            ResultsError: the file is missing or is no record.
        """
        try:
            written = json.loads(Path(path).read_bytes())
            nested = {"loss": tuple(written["loss"]), "quality": Quality(**written["quality"])}
            return cls(**{**written, **nested})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ResultsError(
                f"{path}: not a filter's record ({error}); delete it and run again to redraw it"
            ) from error


def versions(*more: str) -> dict[str, str]:
    """Versions of the software on which a result's bytes depend, by name.

    Args:
        more: names of packages beside those that every result depends on.
    """
    return {
        "filter_atlas": __version__,
        "python": platform.python_version(),
        **{part: version(part) for part in (*PARTS_RECORDED, *more)},
    }
