"""The record of one filter's picture: what was done, with what, and what came of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filter_atlas.errors import ResultsError


@dataclass(frozen=True)
class Record:
    """What is written beside a filter's picture.

    Attributes:
        layer: Keras name of the layer.
        filter: index of the filter in its layer.
        seed: the run's seed, from which this filter's start is derived.
        start_activation: mean over space of the filter's activation (after ReLU) at the start.
        final_activation: the same, on the last picture (float, before it became 8 bits).
        final_pre_activation: mean over space before ReLU, on the last picture.
        loss: the objective before each step, in order.
        recipe: the whole recipe, as in `config.yaml`.
        recipe_digest: sha256 of that recipe.
        weights_digest: sha256 of the canonical weights.
        code_digest: sha256 of the modules that computed the picture.
        device: kind of device that computed it, such as `CPU` or a GPU's name.
        versions: versions of the software that took part, by name.
    """

    layer: str
    filter: int
    seed: int
    start_activation: float
    final_activation: float
    final_pre_activation: float
    loss: tuple[float, ...]
    recipe: dict[str, Any]
    recipe_digest: str
    weights_digest: str
    code_digest: str
    device: str
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """The record as it is written: JSON, one field a line; equal records, equal bytes."""
        fields = asdict(self)
        lines = (
            f'  "{name}": {json.dumps(value, sort_keys=True)}' for name, value in fields.items()
        )
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    @classmethod
    def read(cls, path: str | Path) -> "Record":
        """Read a record back.

        Raises:
            ResultsError: the file is missing or is no record.
        """
        try:
            fields = json.loads(Path(path).read_bytes())
            return cls(**{**fields, "loss": tuple(fields["loss"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ResultsError(
                f"{path}: not a filter's record ({error}); delete it and run again to redraw it"
            ) from error
