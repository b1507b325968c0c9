"""Filters without Snakemake: a few pictures and their records, for a notebook or a script.

    from filter_atlas import draw

    draw({"block5_conv1": [0, 7]})

The bytes are those that a run of the same settings writes, for VGG16. For other networks the last
bits may differ: a run has TensorFlow's threads to itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filter_atlas import config, paths
from filter_atlas.architecture import CONTEXT
from filter_atlas.plan import Plan
from filter_atlas.worker.task import Task

if TYPE_CHECKING:
    from filter_atlas.worker.studio import Studio


@dataclass(frozen=True)
class Drawing:
    """One filter's picture and record; a notebook shows the picture.

    Attributes:
        png: the file of the picture.
        json: the file of the record.
        layer: name of the layer.
        filter: index of the filter.
    """

    png: bytes
    json: bytes
    layer: str
    filter: int

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, folder: str | Path) -> None:
        """Write both files into a folder, as `<layer>-<filter>.png` and `.json`.

        Raises:
            OSError: the folder cannot be written to.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{self.layer}-{self.filter}.png").write_bytes(self.png)
        (place / f"{self.layer}-{self.filter}.json").write_bytes(self.json)


def draw(filters: Mapping[str, Any] | int | str, **settings: Any) -> list[Drawing]:
    """Draw some filters, in network order.

    Args:
        filters: which ones, as in `config.yaml`: `{"block5_conv1": [0, 7]}`.
        settings: any other settings of `config.yaml`, such as `recipe="fine"`, `seed=1`,
            `network="mobilenet_v2"`, `weights="random"` or `devices=["gpu:0"]`.

    Returns:
        A drawing of every filter.

    Raises:
        ConfigError: a setting cannot be honoured.
        WeightsError: the weights cannot be had.
        WorkerError: there is no such device, or a filter cannot be drawn.
    """
    chosen = {"dreams": "none", "classes": "none", **settings, "filters": filters}
    plan = Plan.of(config.read(chosen))
    studio = _studio(plan.devices[0], _weights(plan))
    context = {CONTEXT: plan.architecture}
    drawings = []
    for layer, group in groupby(plan.filters, key=lambda one: one[0]):
        tasks = [
            Task.model_validate_json(plan.task(layer, index), context=context) for _, index in group
        ]
        most = studio.most(tasks[0].kind)
        for first in range(0, len(tasks), most):
            some = tasks[first : first + most]
            for task, finish in zip(some, studio.draw(some), strict=True):
                drawn = finish()
                drawings.append(Drawing(drawn.picture, drawn.record, layer, task.filter))
    return drawings


def _weights(plan: Plan) -> str:
    """The canonical weights of a plan, made where they are not kept already."""
    kept = config.CACHE / "weights" / Path(paths.weights(plan.weights)).name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        if plan.source:
            from filter_atlas.models.obtain import obtain

            obtain(plan.source, kept, print)
        else:
            from filter_atlas.weights import canonical, origins

            tensors, _ = origins.obtain(plan.config.weights, config.CACHE, print)
            canonical.save(tensors, kept)
    return str(kept)


@cache
def _studio(device: str, weights: str) -> "Studio":
    """The studio of a device and a network; TensorFlow keeps to the first device of a process."""
    from filter_atlas.worker.studio import Studio

    return Studio(device, weights)
