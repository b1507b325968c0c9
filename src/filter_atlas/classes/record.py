"""The record of a class picture: what was drawn, with what, and what the network makes of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from filter_atlas.classes.judge import Judgement
from filter_atlas.errors import ResultsError


@dataclass(frozen=True)
class ClassRecord:
    """What is written beside a class's picture.

    Attributes:
        network: what the classifier is called.
        network_digest: sha256 of its weights.
        judgement: what it makes of the picture as it is written.
        margin: by how much the class's logit is ahead, on the last picture before it became 8 bits.
        attempts: how many starts it took.
        loss: the objective before each step, in order.
        seed: the run's seed.
        recipe: the whole recipe.
        recipe_digest: sha256 of it.
        device: kind of device that computed it.
        versions: versions of the software that took part, by name.
    """

    network: str
    network_digest: str
    judgement: Judgement
    margin: float
    attempts: int
    loss: tuple[float, ...]
    seed: int
    recipe: dict[str, Any]
    recipe_digest: str
    device: str
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """The record as it is written; equal records, equal bytes."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> "ClassRecord":
        """Read a record back.

        Raises:
            ResultsError: the file is missing or is no record.
        """
        try:
            return TypeAdapter(cls).validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ResultsError(
                f"{path}: not a class picture's record ({error}); delete it and run again"
            ) from error
