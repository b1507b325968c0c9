"""Filters without Snakemake: a few pictures and their records, for a notebook or a script.

    from filter_atlas import draw

    draw({"block5_conv1": [0, 7]})

A warm worker draws them, as in a run of the same settings, so the bytes are the same. Functions of
the user cannot leave the notebook's process, so that process draws with them: its TensorFlow may
sum in another order, and obeys environment variables such as TF_ENABLE_ONEDNN_OPTS.

    from filter_atlas import exemplars

    exemplars({"block5_conv1": [0, 7]}, "~/pictures")

The notebook's process observes the photographs, too.

    from filter_atlas import view

    view("holiday.jpg")

It shows a photograph as the network sees it, with the pictures of an atlas in the folder `results`.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from filter_atlas.base import devices, digests, paths
from filter_atlas.base.addresses import from_address
from filter_atlas.base.architecture import CONTEXT
from filter_atlas.base.errors import WARNING, ConfigError, ResultsError, one_line
from filter_atlas.base.png import read_png, to_png
from filter_atlas.base.script_logging import log_line
from filter_atlas.evidence import family as evidence
from filter_atlas.evidence import patches
from filter_atlas.evidence.job import observe_chunk
from filter_atlas.evidence.observations import ObservationStore
from filter_atlas.evidence.photographs import FoundPhotographs, find_photographs
from filter_atlas.evidence.ranking import TOP, Ranking
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.readers.scaled_photograph import read_scaled
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.photos import SAMPLE
from filter_atlas.views import mosaic
from filter_atlas.views.family import VIEWS
from filter_atlas.views.usual import read_usual
from filter_atlas.worker import client
from filter_atlas.worker.batch_size import LARGEST
from filter_atlas.worker.task import DrawTask
from filter_atlas.workflow.job_environment import worker_environment
from filter_atlas.workflow.plan import LayerPlan, Plan
from filter_atlas.workflow.preflight import plan_run

if TYPE_CHECKING:
    from filter_atlas.evidence.observer import Observer
    from filter_atlas.optimize.user_functions import UserFunctions
    from filter_atlas.worker.engine import TensorFlowEngine


TILE = 112
"""Side of a patch in a row of exemplars, in pixels."""


@dataclass(frozen=True)
class _Shown:
    """Two files about one filter. A notebook shows the picture.

    Attributes:
        png: the bytes of the picture's file.
        json: the bytes of the other file.
        layer: name of the layer.
        filter: index of the filter.
    """

    png: bytes
    json: bytes
    layer: str
    filter: int

    _SUFFIX: ClassVar[str] = ""

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, folder: str | Path) -> None:
        """Write both files into a folder; the class says by which names.

        Raises:
            OSError: the folder cannot be written to.
        """
        _save(folder, f"{self.layer}-{self.filter}{self._SUFFIX}", self.png, self.json)


def _save(folder: str | Path, stem: str, png: bytes, json: bytes) -> None:
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{stem}.png").write_bytes(png)
    (path / f"{stem}.json").write_bytes(json)


class Drawing(_Shown):
    """One filter's picture, and its record as JSON. A notebook shows the picture.

    `save` writes `<layer>-<filter>.png` and `.json`.
    """


def draw(
    filters: Mapping[str, Any] | int | str,
    *,
    objective: Callable[..., Any] | None = None,
    transforms: Sequence[Callable[[Any], Any]] = (),
    **settings: Any,
) -> list[Drawing]:
    """Draw some filters, in network order.

    Functions must consist of TensorFlow's operations, and are traced anew in every call. Records
    and PNGs of pictures drawn with functions name them in the recipe's place.

    Args:
        filters: which filters, as in `config.yaml`: `{"block5_conv1": [0, 7]}`.
        objective: what to maximise, as a function of `responses`: the pre-activations of each
            picture's own filter, (batch, height, width) float32. It returns a value per picture,
            (batch,), or several, (batch, ...), which are averaged. If it has a second parameter,
            `layers`, then `layers("block3_conv1")` are the pre-activations of all filters of a
            layer, (batch, height, width, filters) float32. It replaces the recipe's `objective`,
            `reduction`, `negative`, `extra_terms` and `restarts`.
        transforms: functions that change pictures before the network sees them, after the recipe's
            transforms. Each takes pictures, (batch, height, width, 3) float32, BGR, in grey levels
            (0 to 255, and beyond), and returns pictures, which can have another height and width.
        settings: any other settings of `config.yaml`, such as `recipe="fine"`, `seed=1`,
            `network="mobilenet_v2"`, `weights="random"` or `devices=["gpu:0"]`.

    Returns:
        A drawing of every filter.

    Raises:
        ConfigError: a setting cannot be honoured, or a function fails.
        WeightsError: the weights are missing or damaged.
        WorkerError: there is no such device, or a filter cannot be drawn.
    """
    plan = plan_run({**settings, "filters": filters}, families=())
    if objective is None and not transforms:
        return _draw_by_worker(plan)

    from filter_atlas.optimize.user_functions import UserFunctions

    functions = UserFunctions(objective, tuple(transforms))
    engine = _engine(plan.facts.devices[0], _weights(plan), plan.facts.source)
    return [
        drawing
        for layer in plan.layers
        for drawing in _draw_layer(_tasks(plan, layer, functions), engine, functions)
    ]


def _draw_by_worker(plan: Plan) -> list[Drawing]:
    device, weights = plan.facts.devices[0], _weights(plan)
    environment = {**os.environ, **worker_environment(plan)}
    with TemporaryDirectory() as folder, ThreadPoolExecutor(LARGEST) as clients:

        def drawing(layer: str, index: int) -> Drawing:
            png, json = (Path(folder, f"{layer}-{index}.{suffix}") for suffix in ("png", "json"))
            task = plan.task(layer, index)
            client.run_task(task, device, weights, str(png), str(json), environment=environment)
            return Drawing(png.read_bytes(), json.read_bytes(), layer, index)

        return list(clients.map(drawing, *zip(*plan.filters, strict=True)))


def _tasks(plan: Plan, layer: LayerPlan, functions: "UserFunctions") -> list[DrawTask]:
    context = {CONTEXT: plan.facts.architecture}
    tasks = [
        DrawTask.model_validate_json(plan.task(layer.name, index), context=context)
        for index in layer.filters
    ]
    return [task.model_copy(update={"recipe": functions.adapt(task.recipe)}) for task in tasks]


def _draw_layer(
    tasks: Sequence[DrawTask], engine: "TensorFlowEngine", functions: "UserFunctions"
) -> Iterator[Drawing]:
    # Batch by batch: until it is encoded, a picture takes much memory.
    size = engine.max_batch_size(tasks[0].batch_key)
    for first in range(0, len(tasks), size):
        batch = tasks[first : first + size]
        for task, finish in zip(batch, engine.draw(batch, functions), strict=True):
            result = finish()
            yield Drawing(result.picture, result.record, task.layer, task.filter)


def _weights(plan: Plan) -> str:
    """The path of a plan's canonical weights in the cache; fetch them if they are not there yet."""
    cache = Path(paths.CACHE)
    # Another version of the code may write another file.
    code = digests.code_digest("filter_atlas.networks.fetch")[:12]
    kept = cache / "weights" / f"{plan.network}-{code}.h5"
    if not kept.exists():
        from filter_atlas.networks.fetch import fetch_network

        kept.parent.mkdir(parents=True, exist_ok=True)
        fetch_network(plan.facts.source, plan.config.weights, kept, cache, log_line)
    return str(kept)


class Exemplars(_Shown):
    """The photographs that fire one filter most. A notebook shows their patches in a row.

    The picture has the patches side by side, strongest first. The JSON is the evidence of the
    filter, with the name of each photograph; docs/evidence.md lists the fields. `save` writes
    `<layer>-<filter>-exemplars.png` and `.json`.
    """

    _SUFFIX = "-exemplars"


def exemplars(
    filters: Mapping[str, Any] | int | str,
    photos: Mapping[str, Any] | Sequence[str] | str = SAMPLE,
    **settings: Any,
) -> list[Exemplars]:
    """The photographs that fire some filters most, in network order.

    What was observed of a photograph is kept in the cache, so another call with the same layers
    observes only new photographs.

    Args:
        filters: which filters, as in `config.yaml`: `{"block5_conv1": [0, 7]}`.
        photos: which photographs, as in `config.yaml`: a folder, or a list of folders.
        settings: any other settings of `config.yaml`, such as `network="mobilenet_v2"`.

    Returns:
        The exemplars of every filter.

    Raises:
        ConfigError: a setting cannot be honoured.
        PhotoError: a folder is missing, or no photograph can be read.
        WeightsError: the weights are missing or damaged.
        WorkerError: there is no such device, or TensorFlow has already computed on another one.
    """
    plan = plan_run({**settings, "filters": filters, "photos": photos}, families=())
    if plan.config.photos is None:
        raise ConfigError("photos: none: give a folder of photographs")
    cache = Path(paths.CACHE)
    found = find_photographs(plan.config.photos, cache)
    if found.warning:
        log_line(f"{WARNING}{found.warning}")
    size, layers, weights = plan.config.photos.size, plan.layer_names, Path(_weights(plan))
    code = digests.code_digest("filter_atlas.evidence.observer")

    def start() -> "Observer":
        from filter_atlas.evidence.observer import load_observer

        device, cores = plan.facts.devices[0], devices.cores()
        return load_observer(weights, plan.facts.source, layers, size, device, cores, alone=False)

    store = ObservationStore(Path(evidence.store(plan.network, layers, size, code)))
    ranking = Ranking([observe_chunk(found.photographs, store, start, log_line)])
    show = _PatchReader(found, ranking)
    return [
        Exemplars(*show.filter(layer.name, index, ranked), layer.name, index)
        for layer in plan.layers
        for ranked in [ranking.rank(layer.name, layer.filters, {}, code)[0]]
        for index in layer.filters
    ]


class _PatchReader:
    """Reads the photographs from which patches are shown, each of them once."""

    def __init__(self, found: FoundPhotographs, ranking: Ranking) -> None:
        self._found = {photograph.digest: photograph for photograph in found.photographs}
        self._ranking = ranking
        self._pixels = cache(self._read)

    def filter(self, layer: str, index: int, ranked: LayerEvidence) -> tuple[bytes, bytes]:
        """The row of patches of a filter as a PNG, and its evidence as JSON."""
        field = self._ranking.layout.layers[layer].field
        side = field.side if field else 0
        ordered = ranked.filters[index]
        tiles = [
            patches.cut(self._pixels(ranked.photographs[patch.photograph]), patch.box, side, TILE)
            for patch in ordered.top
        ]
        names = {place: self._found[digest].name for place, digest in enumerate(ranked.photographs)}
        values = {"layer": layer, "filter": index, "observed": ranked.observed, **asdict(ordered)}
        for band in ("top", "p90", "p50"):
            for patch in values[band]:
                patch["photograph"] = names[patch["photograph"]]
        return patches.row(tiles, TOP), json.dumps(values, indent=2).encode()

    def _read(self, digest: str) -> np.ndarray:
        size = self._ranking.layout.size
        return read_scaled(self._found[digest].path, size, log=lambda line: None).pixels


@dataclass(frozen=True)
class View:
    """How the network sees a photograph. A notebook shows the photograph and its mosaics.

    Attributes:
        png: the bytes of the picture's file.
        json: the record; docs/views.md lists the fields.
        name: name of the view.
    """

    png: bytes
    json: bytes
    name: str

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, folder: str | Path) -> None:
        """Write `<name>-view.png` and `.json` into a folder.

        Raises:
            OSError: the folder cannot be written to.
        """
        _save(folder, f"{self.name}-view", self.png, self.json)


def view(photo: str, **settings: Any) -> View:
    """Show how the network sees a photograph, with the pictures of a finished atlas.

    The atlas is that in `results` in the current folder; all of its filters take part.

    Args:
        photo: path of the photograph, or the name of a photograph of the sample, such as `owl`.
        settings: the settings of `config.yaml` that the atlas was made with and that concern the
            network, such as `network="mobilenet_v2"`, and `photos={"size": 320}`.

    Raises:
        ConfigError: a setting cannot be honoured.
        PhotoError: the photograph cannot be read.
        ResultsError: there is no atlas, or one of its pictures is damaged.
        WeightsError: the weights are missing or damaged.
        WorkerError: there is no such device, or TensorFlow has already computed on another one.
    """
    plan = plan_run({**settings, "views": photo}, families=(VIEWS,))
    filters = {
        layer.name: drawn
        for layer in plan.layers
        if (drawn := [i for i in layer.filters if Path(paths.picture(layer.name, i)).is_file()])
    }
    if not filters:
        raise ResultsError(f"{paths.ROOT}: no pictures of filters; run snakemake here first")
    [(name, fact)] = plan.facts.families["views"].items()
    size = plan.config.photos.size if plan.config.photos else None

    from filter_atlas.views.viewer import Viewer, read_found

    table = Path(evidence.FILTERS)
    viewer = Viewer(
        Path(_weights(plan)),
        plan.facts.source,
        filters,
        read_usual(table) if table.is_file() else None,
        size,
        {},
        plan.facts.devices[0],
        alone=False,
    )
    path = from_address(fact["address"])
    scaled = read_found(path, fact["digest"], viewer.size)
    record = viewer.view(one_line(path.name), scaled)

    def picture(layer: str, index: int) -> np.ndarray:
        return read_png(paths.picture(layer, index))

    mosaics = {
        layer: mosaic.mosaic(cells, partial(picture, layer))
        for layer, cells in record.layers.items()
    }
    sheet = mosaic.sheet(scaled.square(viewer.size), mosaics)
    return View(to_png(sheet, {"Software": "Filter Atlas"}), record.to_json(), name)


@cache
def _engine(device: str, weights: str, planned: NetworkSource) -> "TensorFlowEngine":
    """The engine of a device and a network; TensorFlow keeps the first device of a process."""
    from filter_atlas.worker.engine import TensorFlowEngine

    return TensorFlowEngine(device, weights, planned=planned)
