"""The record of a class picture: how it was drawn, and the classifier's evaluation of it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from filter_atlas.base.result_file import ResultFile
from filter_atlas.class_pictures.evaluation import Evaluation, SecondOpinion


@dataclass(frozen=True)
class ClassRecord(ResultFile):
    """The record that is written beside a class picture.

    Attributes:
        network: the classifier's name.
        network_digest: `digests.weights_digest` of its weights.
        evaluation: the classifier's evaluation of the 8-bit picture.
        second_opinion: what a second network makes of the 8-bit picture; None if there is none.
        margin: the class's logit minus the greatest other logit, before the picture became 8 bits.
        attempts: number of starts.
        loss: the objective before each step, in order.
        seed: the run's seed.
        recipe: the whole recipe.
        recipe_digest: sha256 of that recipe.
        picture_digest: sha256 of the picture's file.
        device: kind of device that drew the picture.
        versions: versions of the software, by name.
    """

    error_text = "not a class picture's record"

    network: str
    network_digest: str
    evaluation: Evaluation
    second_opinion: SecondOpinion | None
    margin: float
    attempts: int
    loss: tuple[float, ...]
    seed: int
    recipe: dict[str, Any]
    recipe_digest: str
    picture_digest: str
    device: str
    versions: dict[str, str]

    def to_json(self) -> bytes:
        """The record as JSON; equal records give equal bytes."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()
