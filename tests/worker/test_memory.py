"""An engine with little memory: real computing, with a limit on its batches."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base import devices, digests, paths
from filter_atlas.base.errors import ResultsError, WorkerError
from filter_atlas.base.png import to_png
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks import tensorflow_device
from filter_atlas.optimize.ascent import LayerAscent
from filter_atlas.worker.engine import TensorFlowEngine
from filter_atlas.worker.task import DRAWING, MEASURING, DrawTask, FilterResult, MeasureTask

from .fakes import measure_task, task

LAYER = "block1_conv2"
TASKS = [
    DrawTask.model_validate(task(filter, LAYER, code=digests.code_digest(DRAWING)))
    for filter in range(7)
]
KEY = TASKS[0].batch_key
MIB = 1 << 20

Hold = Callable[[int], list[int]]


@pytest.fixture
def weights(untrained_file: Path) -> str:
    return str(untrained_file)


@pytest.fixture(scope="module")
def measuring(tmp_path_factory: pytest.TempPathFactory) -> MeasureTask:
    """A task to measure 7 random pictures."""
    folder = tmp_path_factory.mktemp("run")
    random = np.random.RandomState(0)
    for filter in range(7):
        path = folder / paths.picture(LAYER, filter)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_png(random.randint(0, 256, (32, 32, 3)).astype(np.uint8), {}))
    code = digests.code_digest(MEASURING)
    return MeasureTask.model_validate(
        measure_task(*range(7), layer=LAYER, folder=str(folder), code=code)
    )


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine use TensorFlow's present devices, whatever device is selected."""
    monkeypatch.setattr(
        tensorflow_device, "select", lambda device, threads: f"a {device} with little memory"
    )


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Limits the number of pictures for which the device has memory; returns all batches tried."""
    draw, respond = LayerAscent.draw, LayerResponses.to_pictures

    def hold(most: int) -> list[int]:
        tried: list[int] = []

        def check(count: int) -> None:
            tried.append(count)
            if count > most:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

        def limited_draw(ascent: LayerAscent, starts: Sequence[Any]) -> Any:
            check(len(starts))
            return draw(ascent, starts)

        def limited_respond(layer: LayerResponses, pixels: Any, filters: Sequence[int]) -> Any:
            check(len(filters))
            return respond(layer, pixels, filters)

        monkeypatch.setattr(LayerAscent, "draw", limited_draw)
        monkeypatch.setattr(LayerResponses, "to_pictures", limited_respond)
        return tried

    return hold


def drawn(engine: TensorFlowEngine, tasks: Sequence[DrawTask] = TASKS) -> list[FilterResult]:
    return [finish() for finish in engine.draw(tasks)]


def test_a_batch_that_does_not_fit_is_halved_until_it_does(weights: str, hold: Hold) -> None:
    tried = hold(2)

    drawn(TensorFlowEngine("cpu", weights))

    assert tried == [7, 3, 1, 1, 1, 1, 1, 1, 1]


def test_the_size_that_fits_is_remembered(weights: str, hold: Hold) -> None:
    tried = hold(3)
    engine = TensorFlowEngine("cpu", weights)
    drawn(engine)

    tried.clear()
    drawn(engine)

    assert tried == [3, 3, 1]
    assert engine.max_batch_size(KEY) == 3


def test_pictures_and_records_are_the_same_to_the_last_byte_however_little_fits(
    weights: str, hold: Hold
) -> None:
    at_once = drawn(TensorFlowEngine("cpu", weights))

    hold(2)
    piecemeal = drawn(TensorFlowEngine("cpu", weights))

    assert piecemeal == at_once


def test_measures_are_the_same_to_the_last_byte_however_little_fits(
    weights: str, hold: Hold, measuring: MeasureTask
) -> None:
    at_once = TensorFlowEngine("cpu", weights).measure(measuring)()

    tried = hold(3)
    piecemeal = TensorFlowEngine("cpu", weights).measure(measuring)()

    assert tried == [7, 3, 3, 1]
    assert piecemeal == at_once
    assert len(at_once) == 3


def test_a_variant_has_only_measures(weights: str, measuring: MeasureTask) -> None:
    folder = Path(measuring.folder)
    own, variant = (folder / paths.picture(LAYER, 0, name) for name in (None, "same"))
    variant.parent.mkdir(parents=True)
    variant.write_bytes(own.read_bytes())
    task = measuring.model_copy(update={"variant": "same", "filters": (0,)})

    assert len(TensorFlowEngine("cpu", weights).measure(task)()) == 1


def test_a_layer_is_measured_in_batches_of_the_size_that_the_user_has_set(
    weights: str, hold: Hold, measuring: MeasureTask
) -> None:
    tried = hold(100)

    TensorFlowEngine("cpu", weights, batch=4).measure(measuring)

    assert tried == [4, 3]


@pytest.mark.parametrize(
    ("shape", "problem"),
    [((32, 40, 3), "not a row of squares"), ((32, 64, 3), "has another size than")],
)
def test_a_picture_of_another_size_than_those_of_its_layer_is_named(
    weights: str,
    measuring: MeasureTask,
    shape: tuple[int, int, int],
    problem: str,
    tmp_path: Path,
) -> None:
    for filter, size in ((0, (32, 32, 3)), (1, shape)):
        path = tmp_path / paths.picture(LAYER, filter, "odd")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_png(np.zeros(size, np.uint8), {}))
    odd = measuring.model_copy(
        update={"folder": str(tmp_path), "variant": "odd", "filters": (0, 1)}
    )

    with pytest.raises(ResultsError, match=rf"^{path}: {problem}"):
        TensorFlowEngine("cpu", weights).measure(odd)


def test_a_filter_that_alone_does_not_fit_is_named_with_the_remedy(
    weights: str, hold: Hold
) -> None:
    tried = hold(0)

    with pytest.raises(WorkerError) as caught:
        TensorFlowEngine("cpu", weights).draw(TASKS)

    assert str(caught.value) == (
        "filter 0 of block1_conv2: does not fit into the memory of a cpu with little "
        "memory, even alone; take a recipe with smaller pictures, or another device"
    )
    assert tried[-1] == 1


def test_a_gpu_computes_as_many_filters_at_once_as_its_free_memory_holds(
    weights: str, measuring: MeasureTask, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "free_memory", lambda device: 5 * MIB)
    monkeypatch.setattr(tensorflow_device, "measure_peak_memory", lambda work: (work(), 7 * MIB))
    engine = TensorFlowEngine("gpu:0", weights)
    assert engine.max_batch_size(KEY) == 16

    drawn(engine)
    tried = hold(100)
    engine.measure(measuring)
    engine.measure(measuring)

    assert engine.max_batch_size(KEY) == 4
    assert tried[:2] == [7, 4]


def test_a_record_says_whether_products_may_be_rounded_to_tf32(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TensorFlowEngine("cpu", weights)
    allowed = iter([True, False])
    monkeypatch.setattr(tensorflow_device, "is_tf32_enabled", lambda: next(allowed))

    records = [json.loads(one.record) for one in drawn(engine, TASKS[:2])]

    assert [record["tensor_float_32"] for record in records] == [True, False]
